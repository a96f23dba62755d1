/** A resumed run that reports steps below its checkpoint's has begun without it. Two of its reports show that; told once. */
import { number } from "../../words/number.ts";
import { stepsAre } from "./end/steps-lost.ts";
import type { Transition } from "./transition.ts";

/** A step that it hasn't reported before, once it works. */
export function watchFirstSteps(transition: Transition, step: number): void {
  const { resumedFrom, resumedAtStep, below, firstStepAt } = transition.run;
  if (resumedFrom === null || resumedAtStep === null || firstStepAt !== undefined) return;
  if (step >= resumedAtStep || below === "told") return;
  // One report may be of what it does before it has loaded its checkpoint.
  if (below === undefined) {
    transition.know({ below: step });
    return;
  }
  transition.know({ below: "told" });
  const lost = resumedAtStep - step;
  transition.tell(
    "resume.doubted",
    "job",
    `It was given its checkpoint of step ${number(resumedAtStep)}, but reports step ${number(step)}: it seems to have begun without it; ${stepsAre(lost, "to be redone")}.`,
    { outcome: { resumedAtStep, step } },
  );
}
