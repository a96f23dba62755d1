/**
 * Pauses that no rule asks for: the supervisor stops, a person wants it, the system is about to sleep, a window has
 * closed, another supervisor's job has its turn, a service has come to a GPU that a job holds, its time limit is
 * reached, or a standby has lasted.
 */

import type { Cause } from "../../model/actor.ts";
import type { Evidence, WindowState } from "../../model/decision.ts";
import { graceMs } from "../../model/grace.ts";
import type { Job } from "../../model/job.ts";
import { isService, savesBy } from "../../model/job.ts";
import { isSuspended, isWorking, type PauseMethod, runOf } from "../../model/state.ts";
import { clockTime } from "../../words/time.ts";
import { turnPause } from "../sharing/turn.ts";
import type { TickInput } from "../tick-input.ts";
import { windowsOf } from "../windows/windows.ts";
import { crowdingPause } from "./crowding.ts";
import { manualPause } from "./manual-pause.ts";
import { pauseMethod } from "./pause-method.ts";
import { sleepPause } from "./sleep-pause.ts";
import { releasePause } from "./standby-lasted.ts";
import { timeLimitPause } from "./time-limit.ts";
import type { Pause } from "./victims.ts";

/** At most one pause per job; a job that is paused or pausing isn't asked again. */
export function otherPauses(input: TickInput): Pause[] {
  return Object.values(input.jobs).flatMap((job) => {
    if (job.cancelling !== undefined) return [];
    const pause = input.mode.stopping
      ? stopPause(job)
      : (manualPause(job) ??
        timeLimitPause(job, input.now) ??
        sleepPause(job, input) ??
        windowPause(job, input) ??
        limitPause(job, input) ??
        turnPause(job, input) ??
        crowdingPause(job, input) ??
        releasePause(job, input.now));
    return pause === null ? [] : [pause];
  });
}

function pause(
  job: Job,
  method: PauseMethod,
  cause: Omit<Cause, "critical">,
  evidence: Evidence = {},
): Pause {
  return { verb: "pause", job: job.name, method, cause: { ...cause, critical: false }, evidence };
}

/**
 * By checkpoint wherever the job supports it; a program that knows nothing is frozen and stays so:
 * letting it compete on, unwatched, would break the promise made to everyone else on the machine.
 */
function stopPause(job: Job): Pause | null {
  // It goes on as it is: a service needs no supervisor.
  if (isService(job)) return null;
  const held = isSuspended(job.state.name);
  if (!isWorking(job.state.name) && !held) return null;
  // Parked, or frozen since it couldn't be: it stays as it is.
  if (held && job.spec.pause.method === "park") return null;
  const saves = pauseMethod(job, { frees: job.spec.pause.method === "park" ? "vram" : "memory" });
  if (saves !== null && (!held || savesBy(job) !== null))
    return pause(job, saves, {
      actor: "shutdown",
      reason: "The supervisor was asked to stop; the job resumes at the next start.",
    });
  if (held || pauseMethod(job, { frees: "time" }) === null) return null;
  const reason =
    "The supervisor was asked to stop, and nothing shows that this program saves: it is frozen, keeps its memory, and continues at the next start (or with kill -CONT).";
  return pause(job, "freeze", { actor: "shutdown", reason });
}

function windowPause(job: Job, { windows, now }: TickInput): Pause | null {
  if (!isWorking(job.state.name) || mayRun(job, windows, now.wallMs)) return null;
  const method = pauseMethod(job, { frees: "time" });
  const closed = lastClosed(windowsOf(job.name, windows));
  if (method === null || closed === null) return null;
  const since = closed.sinceMs === null ? "isn't open" : `closed at ${clockTime(closed.sinceMs, now.wallMs)}`;
  const cause = {
    actor: `window:${closed.name}` as const,
    reason: `Window '${closed.name}' ${since}; the job runs only while it is open.`,
  };
  return pause(job, method, cause, { window: closed.name });
}

/**
 * Slurm's time limit ends a run without a word. Asked for as long before as it may take to save, and not in the first
 * half of the time: its next run begins with a whole limit again.
 */
function limitPause(job: Job, { now }: TickInput): Pause | null {
  const { endsAtMs, begunAt } = runOf(job)?.slurm ?? {};
  if (endsAtMs === undefined || begunAt === undefined || job.state.name !== "running") return null;
  const limitMs = endsAtMs - begunAt.wallMs;
  if (endsAtMs - now.wallMs > Math.min(graceMs(job.spec.pause.graceSeconds, job.learned), limitMs / 2))
    return null;
  const reason = `Slurm's time limit ends this run at ${clockTime(endsAtMs, now.wallMs)}; it goes on with the next.`;
  return pause(job, "checkpoint", { actor: "supervisor", reason });
}

/** In one of its windows, bound to none, or allowed to run outside them by hand. */
export function mayRun(job: Job, windows: readonly WindowState[], wallMs: number): boolean {
  const bound = windowsOf(job.name, windows);
  if (bound.length === 0 || bound.some(({ open }) => open)) return true;
  return job.manual?.want === "run" && job.manual.windowUntilMs !== null && wallMs < job.manual.windowUntilMs;
}

const lastClosed = (windows: WindowState[]): WindowState | null =>
  windows.reduce<WindowState | null>(
    (last, one) => ((one.sinceMs ?? 0) >= (last?.sinceMs ?? 0) ? one : last),
    null,
  );
