/** The answer to "why?" for one job, in plain English, with what is expected next. Decides nothing. */

import type { WaitingFor, Why, WindowState } from "../../model/decision.ts";
import type { Job } from "../../model/job.ts";
import { isEnded, type JobState, runOf } from "../../model/state.ts";
import type { Now } from "../../model/time.ts";
import { duration, elapsed } from "../../words/duration.ts";
import { clockTime } from "../../words/time.ts";
import { gpuView } from "../sharing/gpu-view.ts";
import type { TickInput } from "../tick-input.ts";
import { windowsOf } from "../windows/windows.ts";
import { waysOut } from "./ways-out.ts";

/** Ended jobs don't change: theirs is made once for each way of naming the time at which they ended. */
const ended = new WeakMap<JobState, { at: string; why: Why }>();

export function whyOf(job: Job, waitingFor: WaitingFor[], input: TickInput): Why {
  const known = ended.get(job.state);
  const at = clockTime(job.state.since.wallMs, input.now.wallMs);
  if (known?.at === at) return known.why;
  const sooner = waysOut(job, waitingFor, input);
  const why = bare(job, waitingFor, input);
  const whole = sooner.length === 0 ? why : { ...why, sooner };
  if (isEnded(job.state.name)) ended.set(job.state, { at, why: whole });
  return whole;
}

function bare(job: Job, waitingFor: WaitingFor[], input: TickInput): Why {
  const { state } = job;
  const { now, windows } = input;
  const at = clockTime(state.since.wallMs, now.wallMs);
  switch (state.name) {
    case "finished":
    case "failed":
    case "cancelled": {
      const more = state.name === "failed" ? `: ${state.reason}` : ".";
      return plain(job, `${state.name} at ${at}${more}`);
    }
    case "starting":
      return plain(job, `starts since ${at}; its first process isn't known yet`);
    case "lost":
      return plain(job, "an earlier supervisor left it; what has become of it is being looked at");
    case "running":
      return running(job, at, windows, now);
    case "pausing":
      if (state.request.overdue !== "frozen") return pausing(job, state, at, input);
      return held(job, `frozen at ${at}, as it didn't pause in time`, waitingFor, now);
    case "waiting":
      return held(job, null, waitingFor, now);
    case "paused":
      return held(job, `paused at ${at}: ${state.cause.reason}`, waitingFor, now);
    case "frozen":
      return held(job, `frozen at ${at}, holding its memory: ${state.cause.reason}`, waitingFor, now);
    case "standby":
      return held(job, `on standby since ${at}: ${state.cause.reason}`, waitingFor, now);
  }
}

const plain = (
  job: Job,
  summary: string,
  next: string | null = null,
  nextAtMs: number | null = null,
): Why => ({
  job: job.name,
  summary,
  waitingFor: [],
  next,
  nextAtMs,
});

function running(job: Job, at: string, windows: readonly WindowState[], now: Now): Why {
  if (job.cancelling !== undefined)
    return plain(job, `runs since ${at}; it was cancelled and is asked to end`);
  const stalled = job.progress?.stalledSinceMs;
  const summary =
    stalled === undefined
      ? `runs since ${at}`
      : `runs since ${at}, but has made no step for ${elapsed(now.wallMs - stalled)}`;
  const { manual } = job;
  if (manual?.want === "run" && manual.windowUntilMs !== null)
    return plain(
      job,
      `${summary}, outside its window by hand`,
      "pauses when its window closes",
      manual.windowUntilMs,
    );
  const bound = windowsOf(job.name, windows).filter(({ open }) => open);
  const last = bound.reduce<WindowState | null>(
    (latest, one) => ((one.changesAtMs ?? Infinity) > (latest?.changesAtMs ?? 0) ? one : latest),
    null,
  );
  if (last === null || last.changesAtMs === null) return plain(job, summary);
  return plain(job, summary, `pauses when window '${last.name}' closes`, last.changesAtMs);
}

function pausing(
  job: Job,
  state: Extract<JobState, { name: "pausing" }>,
  at: string,
  { now, sample }: TickInput,
): Why {
  const { request } = state;
  const asked = `asked to pause at ${at}: ${request.cause.reason}`;
  if (request.exitedAt !== undefined)
    return plain(job, `${asked} It has exited; what is left of it is looked at.`);
  if (request.overdue !== null) {
    const forced = request.overdue === "waiting" ? "nothing was forced" : `it was ${request.overdue}`;
    const run = runOf(job);
    const gpu = run === null ? null : gpuView(run, sample);
    const held = gpu === null || gpu.entries.length === 0 ? "" : ` ${gpu.name} is still in use.`;
    const waited = duration(now.monotonicMs - request.askedAt.monotonicMs);
    return plain(
      job,
      `still running ${waited} after it was asked to pause (${at}); ${forced}.${held} ${request.cause.reason}`,
    );
  }
  const unheard =
    request.method !== "freeze" && request.acknowledgedAt === null && job.understands === "nothing";
  const heard = unheard ? ` It doesn't catch ${job.spec.pause.signal} yet, so the signal waits.` : "";
  const graceEnds = now.wallMs + Math.max(0, request.deadlineMs - now.monotonicMs);
  return plain(job, `${asked}${heard}`, "its grace ends", graceEnds);
}

/** What it waits for, the longest of the known times last: that is when it may go on. */
function held(job: Job, state: string | null, waitingFor: WaitingFor[], now: Now): Why {
  const summary = heldSummary(state, waitingFor);
  const times = waitingFor.flatMap(({ untilMs }) => (untilMs === undefined ? [] : [untilMs]));
  const known = waitingFor.length > 0 && times.length === waitingFor.length;
  const nextAtMs = known ? Math.max(...times) : null;
  const next =
    nextAtMs === null ? null : `may go on at ${clockTime(nextAtMs, now.wallMs)}, if nothing else comes up`;
  return { job: job.name, summary, waitingFor, next, nextAtMs };
}

/** A wish by hand comes first and needs no cause; else the state with its cause. Then what is waited for. */
function heldSummary(state: string | null, waitingFor: WaitingFor[]): string {
  const byHand = waitingFor[0]?.code === "manual";
  const waits = waitingFor
    .slice(byHand ? 1 : 0)
    .map(({ text }) => text)
    .join("; ");
  if (byHand) return waits === "" ? (waitingFor[0]?.text ?? "") : `${waitingFor[0]?.text}; waits: ${waits}`;
  if (waits === "") return state ?? "starts at once";
  return state === null ? `waits: ${waits}` : `${state} Waits: ${waits}`;
}
