/**
 * A resume whose first losses jump beyond what they varied is told as a doubt, and nothing less is; so is one whose steps
 * begin below its checkpoint.
 * Covers: src/decide/lifecycle/losses.ts, src/decide/lifecycle/resumed-below.ts
 */
import { expect, test } from "vitest";
import type { Checkpoint } from "../../../src/model/run.ts";
import { at, exitCode, makeCheckpoint, makeJob, makeRank, Story } from "../make.ts";

/** Between 0.61 and 0.79, as batches go. */
const usual = (step: number): number => 0.7 + 0.09 * Math.sin(step * 1.7);

class Training extends Story {
  #second = 0;

  #after(seconds: number): number {
    this.#second += seconds;
    return this.#second;
  }

  report(step: number, loss: number | null): this {
    const metrics: Record<string, number> = loss === null ? {} : { loss };
    return this.see(this.#after(1), { ranks: [makeRank({ step, metrics })] });
  }

  /** Reports of the steps from `from` to `to`. */
  train(from: number, to: number, loss: (step: number) => number | null = usual): this {
    for (let step = from; step <= to; step += 1) this.report(step, loss(step));
    return this;
  }

  /** It is killed, and goes on from `checkpoint`. */
  resume(checkpoint: Checkpoint | null): this {
    this.see(this.#after(1), {
      exit: exitCode(9),
      checkpoints: checkpoint === null ? [] : [checkpoint],
    });
    return this.launch(this.#after(100), checkpoint);
  }

  get doubts(): string[] {
    return this.reasons.filter((_, index) => this.events[index] === "resume.doubted");
  }
}

const begun = (): Training => {
  const training = new Training(makeJob());
  training.launch(0);
  return training;
};
const saved = (step: number): Checkpoint => makeCheckpoint(step, at(40), { verified: "full" });

test("steps below the checkpoint's are told, once, whether the job reports losses or not", () => {
  const training = begun()
    .train(1, 40, () => null)
    .resume(saved(40))
    .report(1, null);
  expect(training.doubts).toEqual([]);
  training.train(2, 39, () => null);
  expect(training.doubts).toEqual([
    "It was given its checkpoint of step 40, but reports step 2: it seems to have begun without it; 38 steps to be redone.",
  ]);
  expect(begun().train(1, 40).resume(saved(40)).train(40, 60).doubts).toEqual([]);
  // From the beginning, as it was told.
  expect(begun().train(1, 40).resume(null).train(1, 30).doubts).toEqual([]);
});

test("two losses far above all before the checkpoint are told, once, with both sides", () => {
  const training = begun().train(1, 40).resume(saved(40)).report(41, 2.4);
  expect(training.doubts).toEqual([]);
  training.report(42, 2.31).train(43, 60, () => 2.2);
  expect(training.doubts).toEqual([
    "Its first losses after step 40 are 2.40 and 2.31; before it was saved they were 0.610 to 0.790. Something that it needs may be missing from its checkpoints.",
  ]);
  // What is usual now is what the next resume is compared with.
  training.resume(saved(60)).train(61, 70, () => 2.2);
  expect(training.doubts).toHaveLength(1);
});

test("so are two far below", () => {
  expect(begun().train(1, 40).resume(saved(40)).report(41, 0.02).report(42, 0.03).doubts).toHaveLength(1);
});

test.each<[string, Training]>([
  ["varies as before", begun().train(1, 40).resume(saved(40)).train(41, 50)],
  [
    "varies a little more",
    begun()
      .train(1, 40)
      .resume(saved(40))
      .train(41, 50, () => 0.93),
  ],
  ["has one odd batch", begun().train(1, 40).resume(saved(40)).report(41, 9).train(42, 50)],
  [
    "reports none",
    begun()
      .train(1, 40)
      .resume(saved(40))
      .train(41, 50, () => null),
  ],
  [
    "had reported too few before",
    begun()
      .train(1, 8)
      .resume(saved(8))
      .train(9, 15, () => 4),
  ],
  [
    "had reported too few up to its checkpoint",
    begun()
      .train(1, 90)
      .resume(saved(50))
      .train(51, 60, () => 4),
  ],
  [
    "begins at the beginning",
    begun()
      .train(1, 40)
      .resume(null)
      .train(1, 20, () => 7),
  ],
  [
    "was falling",
    begun()
      .train(1, 40, (step) => 8 / step)
      .resume(saved(40))
      .train(41, 60, (step) => 8 / step),
  ],
])("nothing is told of one that %s", (_, training) => {
  expect(training.doubts).toEqual([]);
});
