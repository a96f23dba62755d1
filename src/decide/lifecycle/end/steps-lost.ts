/** What the end of a run costs, in steps. Never a number that nobody has counted. */
import { plural } from "../../../words/list.ts";
import type { Transition } from "../transition.ts";

/** Steps reported since the checkpoint that the next run starts from; null where either isn't known. */
export function stepsLost(transition: Transition): number | null {
  const step = transition.job.progress?.step ?? null;
  const { checkpoint } = transition.job;
  // A third-party checkpoint whose name gives no step could be from any step.
  if (step === null || (checkpoint !== null && checkpoint.step === null)) return null;
  return Math.max(0, step - (checkpoint?.step ?? 0));
}

/** "1 step since its last checkpoint is lost" */
export const lostSince = (count: number): string =>
  `${plural(count, "step")} since its last checkpoint ${count === 1 ? "is" : "are"} lost`;

/** "650 steps to be redone", "how many steps are lost isn't known". */
export const stepsAre = (count: number | null, what: "lost" | "to be redone"): string =>
  count === null ? `how many steps are ${what} isn't known` : `${plural(count, "step")} ${what}`;
