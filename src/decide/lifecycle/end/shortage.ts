/**
 * A run that ended for want of GPU memory while others held some: no failure of the job. It waits
 * until others hold less, and isn't counted against it. With nobody else there it is a failure.
 */
import { duration } from "../../../words/duration.ts";
import { processes } from "../../../words/process.ts";
import { size } from "../../../words/size.ts";
import type { Transition } from "../transition.ts";
import { leave } from "./leave-run.ts";
import { restartWaitMs } from "./restart-wait.ts";

/** What a desktop holds has never kept anybody from training. */
const OTHERS_AT_LEAST_MIB = 256;
const LONGEST_LINE = 200;

/** `outOfGpuMemory`: the run's last words. The sentence to tell, or null when the exit isn't explained by others. */
export function shortage({ gpus, run }: Transition, outOfGpuMemory: string | undefined): string | null {
  if (outOfGpuMemory === undefined || !gpus || gpus.othersMiB < OTHERS_AT_LEAST_MIB) return null;
  const who = processes(gpus.others) ?? "others";
  return `Run ${run.number} ran out of memory on ${gpus.name} (“${outOfGpuMemory.slice(0, LONGEST_LINE)}”) while ${who} held ${size(gpus.othersMiB)} of it; it waits until there is more room.`;
}

/** Into `waiting`, without a failure counted. */
export function waitForRoom(transition: Transition, reason: string): void {
  const { now, gpus } = transition;
  const waitMs = restartWaitMs(transition.job.spec, 1);
  transition.tell(transition.run.resuming === undefined ? "job.stalled" : "resume.failed", "job", reason, {
    evidence: { processes: gpus?.others ?? [] },
    outcome: { againAfter: duration(waitMs) },
  });
  leave(transition);
  transition.note({ gpuShortage: { othersMiB: gpus?.othersMiB ?? 0 } });
  transition.note({ attempts: { ...transition.job.attempts, notBeforeMs: now.monotonicMs + waitMs } });
  transition.become({ name: "waiting", since: now });
}
