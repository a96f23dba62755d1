/**
 * Whether a resumed run goes on like the one before its checkpoint: its first losses beside those reported up to
 * there. Losses vary by batch, so only a jump beyond twice what they varied, in two reports, is told, and as a doubt.
 */
import type { Losses } from "../../model/run.ts";
import { metric, number } from "../../words/number.ts";
import type { Transition } from "./transition.ts";

/** Reports kept, and the fewest up to the checkpoint that show how losses vary. */
const KEPT = 32;
const FEWEST = 10;

/** A new step with its loss. Which batch it was isn't known. */
export function watchLosses(transition: Transition, step: number, loss: number): void {
  const { run, job } = transition;
  const known = job.losses ?? [];
  // A step back: what came after it is of another life. At every step, and most go on.
  const losses = (known.at(-1)?.step ?? -1) < step ? known : known.filter((one) => one.step < step);
  if (run.resumedFrom !== null && run.lossJudged === undefined && !judged(transition, losses, step, loss))
    return;
  transition.note({ losses: [...losses.slice(1 - KEPT), { step, loss }] });
}

/** False while a second report is needed. */
function judged(transition: Transition, all: Losses, step: number, loss: number): boolean {
  const { resumedAtStep, oddLoss } = transition.run;
  if (resumedAtStep !== null && step <= resumedAtStep) return false;
  const before = all
    .filter((one) => resumedAtStep !== null && one.step <= resumedAtStep)
    .map((one) => one.loss);
  const isOdd = before.length >= FEWEST && isBeyond(before, loss);
  if (isOdd && oddLoss === undefined) {
    transition.know({ oddLoss: loss });
    return false;
  }
  transition.know({ lossJudged: true });
  if (isOdd && oddLoss !== undefined) tell(transition, before, [oddLoss, loss]);
  return true;
}

function isBeyond(before: number[], loss: number): boolean {
  const [least, most] = [Math.min(...before), Math.max(...before)];
  const varied = most - least;
  return loss > most + varied || loss < least - varied;
}

function tell(transition: Transition, before: number[], first: number[]): void {
  const [least, most] = [Math.min(...before), Math.max(...before)];
  const at = number(transition.run.resumedAtStep ?? 0);
  transition.tell(
    "resume.doubted",
    "job",
    `Its first losses after step ${at} are ${first.map(metric).join(" and ")}; before it was saved they were ${metric(least)} to ${metric(most)}. ` +
      "Something that it needs may be missing from its checkpoints.",
    { outcome: { first, least, most, reports: before.length } },
  );
}
