/** What is said of a job that is held: who paused it, what it waits for, and what comes next. */
import type { Job } from "../../model/job.ts";
import type { JobState } from "../../model/state.ts";
import type { Next, WaitingFor, Why } from "../../model/why.ts";
import { releaseInMs } from "../pauses/standby-lasted.ts";
import type { TickInput } from "../tick-input.ts";

export type Pausing = Extract<JobState, { name: "pausing" }>;

export const causeOf = ({ cause: { actor, reason } }: Pick<Pausing["request"], "cause">) => ({
  actor,
  reason,
});

export const unsaved = (state: JobState): Pick<Why, "unsaved"> =>
  state.name === "paused" && state.unsaved !== undefined ? { unsaved: state.unsaved } : {};

export const parkedOf = (state: JobState): Pick<Why, "parked"> =>
  state.name === "frozen" && state.parked !== undefined ? { parked: state.parked } : {};

/** Its memory is given back before it may go on, or it isn't known when that is. */
export function onStandby(job: Job, waits: Partial<Why>, { now }: TickInput): Partial<Why> {
  const { state } = job;
  const held = { ...waits, ...(state.name === "standby" && state.server && { server: state.server }) };
  const inMs = releaseInMs(job, now);
  if (inMs === null) return held;
  const atMs = now.wallMs + Math.max(0, inMs);
  return held.next && held.next.atMs <= atMs ? held : { ...held, next: { what: "release", atMs } };
}

/** What happens when the last thing that it waits for is over. */
const BRINGS: Partial<Record<WaitingFor["code"], "window-opens" | "retry">> = {
  window: "window-opens",
  restart: "retry",
};

/** It may continue once everything it waits for is over, if all of that has a known end. */
export function held(waitingFor: WaitingFor[]): Partial<Why> {
  let next: Next | null = null;
  for (const { code, untilMs } of waitingFor) {
    if (untilMs === undefined) return { waitingFor, next: null };
    if (next === null || untilMs > next.atMs) next = { what: BRINGS[code] ?? "may-go-on", atMs: untilMs };
  }
  return { waitingFor, next };
}
