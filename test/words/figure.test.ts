/** Learned figures in words. */
import { expect, test } from "vitest";
import { type LearnedSummary, learnedSummary } from "../../src/model/learned.ts";
import { duration } from "../../src/words/duration.ts";
import { costsText, howSure, usesText } from "../../src/words/figure.ts";
import { size } from "../../src/words/size.ts";

test.each([
  [{ count: 1, spread: 0 }, size, "measured once"],
  [{ count: 3, spread: 0 }, size, "measured 3 times"],
  [{ count: 1200, spread: 310 }, size, "measured 1,200 times, ± 310 MiB"],
  [{ count: 5, spread: 0.2 }, duration, "measured 5 times"],
  [{ count: 5, spread: 1500 }, duration, "measured 5 times, ± 1.5 s"],
])("%j", (figure, show, words) => expect(howSure(figure, show)).toBe(words));

const learned: LearnedSummary = learnedSummary({
  saveMs: { count: 12, recent: [2000, 2600, 2100] },
  reloadMs: { count: 1, recent: [31_000] },
  stepsRedone: { count: 12, recent: [0, 0, 40] },
  memoryMiB: { count: 4, recent: [900, 950, 400, 920] },
  gpuMemoryMiB: { a: { count: 1, recent: [3072] }, b: { count: 1, recent: [1024] } },
  gpuPercent: { count: 2, recent: [88, 92] },
  joulesPerStep: { count: 2, recent: [41, 43] },
});

test("costs are typical ones, use is the highest to expect; steps are named only where some are made again", () => {
  expect(costsText(learned)).toBe("a save takes 2.1 s (12 times, ± 0.1 s), a reload 31 s (once)");
  expect(costsText({ stepsRedone: { count: 2, typical: 40, spread: 0, peak: 40, last: 40 } })).toBe(
    "steps made again: 40 (2 times)",
  );
  expect(usesText(learned)).toBe(
    "920 MiB of memory (4 times, ± 25 MiB), 3.0 GiB of VRAM (once), 1.0 GiB of VRAM (once), 92 % of its GPUs (2 times, ± 2 %), a step costs 42 J (2 times, ± 1 J)",
  );
  expect([costsText({}), usesText({})]).toEqual(["", ""]);
});
