/** What the end of a run costs, in steps. */
import { plural } from "../../../words/list.ts";
import type { Transition } from "../transition.ts";

/** Steps made since the checkpoint that the next run starts from. */
export function stepsLost(transition: Transition): number | null {
  const step = transition.job.progress?.step ?? null;
  const { checkpoint } = transition.job;
  // A third-party checkpoint whose name gives no step could be from any step.
  if (step === null || (checkpoint !== null && checkpoint.step === null)) return null;
  return Math.max(0, step - (checkpoint?.step ?? 0));
}

export const redone = (lost: number | null): string =>
  lost === null ? "" : lost === 0 ? "; 0 steps lost" : `; ${plural(lost, "step")} to be redone`;
