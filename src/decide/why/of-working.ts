/** What is said of a job that works: how it makes room, and what ends its work next. */
import type { WindowState } from "../../model/decision.ts";
import { isSeveral, type Job, savesBy } from "../../model/job.ts";
import type { Why } from "../../model/why.ts";
import { begunBeside, begunWith } from "../begun-with.ts";
import { parksByItself, pauseMethod } from "../pauses/pause-method.ts";
import { timeLeftMs } from "../pauses/time-limit.ts";
import type { TickInput } from "../tick-input.ts";
import { windowsOf } from "../windows/windows.ts";

/** Not known of a job that nothing was seen of yet, and whose config doesn't say it. */
export function roomOf(job: Job): Pick<Why, "room"> {
  const { method } = job.spec.pause;
  if (method === "freeze") return { room: "frozen" };
  if (method === "park" && !isSeveral(job)) return { room: "parked" };
  if (method === "http") return { room: "server" };
  if (method === "standby") return { room: "standby" };
  const by = savesBy(job);
  if (by !== null) return { room: by };
  if (job.understands === null) return {};
  if (parksByItself(job)) return { room: "parked by itself" };
  if (!isSeveral(job)) return { room: "unproven" };
  const ended = pauseMethod(job, { frees: "time" }) !== null;
  return { room: ended ? "ranks ended" : "ranks" };
}

export function begunOf(job: Job): Pick<Why, "begunWith" | "begunBeside"> {
  const [begun, beside] = [begunWith(job), begunBeside(job)];
  return { ...(begun && { begunWith: begun }), ...(beside !== undefined && { begunBeside: beside }) };
}

export function running(job: Job, windows: readonly WindowState[]): Partial<Why> {
  if (job.cancelling !== undefined) return { cancelling: true };
  const stalledSinceMs = job.progress?.stalledSinceMs;
  const stalled = stalledSinceMs !== undefined && { stalledSinceMs };
  const { manual } = job;
  if (manual?.want === "run" && manual.windowUntilMs !== null)
    return {
      ...stalled,
      outsideWindow: true,
      next: { what: "window-closes", atMs: manual.windowUntilMs },
    };
  const bound = windowsOf(job.name, windows).filter(({ open }) => open);
  const last = bound.reduce<WindowState | null>(
    (latest, one) => ((one.changesAtMs ?? Infinity) > (latest?.changesAtMs ?? 0) ? one : latest),
    null,
  );
  if (last === null || last.changesAtMs === null) return { ...stalled };
  return { ...stalled, next: { what: "window-closes", window: last.name, atMs: last.changesAtMs } };
}

/** Whichever comes first. */
export function beforeLimit(job: Job, why: Partial<Why>, { now }: TickInput): Partial<Why> {
  const left = timeLeftMs(job, now);
  if (left === null || why.cancelling) return why;
  const atMs = now.wallMs + Math.max(0, left);
  return why.next && why.next.atMs <= atMs ? why : { ...why, next: { what: "time-limit", atMs } };
}
