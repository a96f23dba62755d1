/** A run that makes no step although one is long overdue: said once, until the next step. Never ends it. */
import { duration } from "../../words/duration.ts";
import { number } from "../../words/number.ts";
import type { Transition } from "./transition.ts";

const STALL_STEPS = 10;
const STALL_AT_LEAST_MS = 600_000;

export function sayIfStalled(transition: Transition): void {
  const { progress } = transition.job;
  if (progress === null || progress.stalledSinceMs !== undefined || !progress.stepMs) return;
  if (transition.run.firstStepAt === undefined || progress.reports === "saving") return;
  // Time spent frozen or on standby isn't a stall.
  const from = Math.max(progress.advancedAtMs, transition.live().since.monotonicMs);
  const idle = transition.now.monotonicMs - from;
  if (idle < Math.max(STALL_AT_LEAST_MS, STALL_STEPS * progress.stepMs)) return;
  transition.note({ progress: { ...progress, stalledSinceMs: transition.now.wallMs - idle } });
  transition.tell(
    "job.stalled",
    "supervisor",
    `No step for ${duration(idle)} (usually ${duration(progress.stepMs)}); the last was ${number(progress.step ?? 0)}.`,
  );
}
