/**
 * A run that ended for want of GPU memory while other processes held some did not fail: the job waits
 * until they hold less, and the end isn't counted against it. With no other process there, it failed.
 */
import { duration } from "../../../words/duration.ts";
import { processes } from "../../../words/sentences/process.ts";
import { size } from "../../../words/size.ts";
import type { Transition } from "../transition.ts";
import { keepTurn } from "../turn-taken.ts";
import { leave } from "./leave-run.ts";
import { restartWaitMs } from "./restart-wait.ts";
import { gotNowhere } from "./row.ts";

/** The memory that a desktop holds has never prevented training. */
const OTHERS_AT_LEAST_MIB = 256;
const LONGEST_LINE = 200;
/** What holds it may need a while to let go: a few tries within seconds are no verdict. */
const FIRST_WAIT_MS = 30_000;

/** `outOfGpuMemory`: the run's last words. Returns the message, or null when others don't explain the exit. */
export function shortage({ gpus, run }: Transition, outOfGpuMemory: string | undefined): string | null {
  if (outOfGpuMemory === undefined || !gpus || gpus.othersMiB < OTHERS_AT_LEAST_MIB) return null;
  const who = processes(gpus.others) ?? "nobody that is listed";
  return `Run ${run.number} ran out of memory on ${gpus.name} (${quoted(outOfGpuMemory)}) while ${who} held ${size(gpus.othersMiB)} of it; it waits until there is more room.`;
}

/** The same for a run that nobody else explains: what failed, and how long to wait at least for the `inARow`th try. */
export function alone(
  { run }: Transition,
  outOfGpuMemory: string,
): { what: string; leastMs: (inARow: number) => number } {
  return {
    what: `Run ${run.number} ran out of GPU memory (${quoted(outOfGpuMemory)}) and ended`,
    leastMs: (inARow) => FIRST_WAIT_MS * 2 ** (inARow - 1),
  };
}

const quoted = (line: string): string => `“${line.slice(0, LONGEST_LINE)}”`;

/** Moves to `waiting` without counting a failure. */
export function waitForRoom(transition: Transition, reason: string): void {
  const { now, gpus } = transition;
  const waitMs = restartWaitMs(transition.job.spec, 1);
  transition.tell(transition.run.resuming === undefined ? "job.stalled" : "resume.failed", "job", reason, {
    evidence: { processes: gpus?.others ?? [] },
    outcome: { againAfter: duration(waitMs) },
  });
  if (gotNowhere(transition)) keepTurn(transition);
  leave(transition, "out of GPU memory");
  transition.note({ gpuShortage: { othersMiB: gpus?.othersMiB ?? 0 } });
  transition.note({ attempts: { ...transition.job.attempts, notBeforeMs: now.monotonicMs + waitMs } });
  transition.become({ name: "waiting", since: now, failure: reason });
}
