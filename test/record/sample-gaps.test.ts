/** Over a real database. */
import { expect, test } from "vitest";
import { sampleGaps } from "../../src/record/sample-gaps.ts";
import { at, event, sample } from "./material.ts";
import { openJournal } from "./scratch.ts";

test("long gaps are found with what the monotonic clock counted in each, also those that the period cuts", () => {
  const journal = openJournal();
  for (const [second, awake] of [
    [0, 0],
    [60, 60],
    [900, 100],
    [960, 160],
    [2000, 1200],
    [9000, 1300],
  ] as const)
    journal.addSample(sample({ wallMs: at(second).wallMs, monotonicMs: at(awake).monotonicMs }));
  journal.append([event("flushes the samples")], at(9001));
  const gaps = (since: number, until: number) =>
    sampleGaps(journal.path, {
      sinceMs: at(since).wallMs,
      untilMs: at(until).wallMs,
      longerThanMs: 150_000,
    }).map(({ fromMs, toMs, awakeMs }) => [
      (fromMs - at(0).wallMs) / 1000,
      (toMs - at(0).wallMs) / 1000,
      awakeMs,
    ]);
  expect(gaps(0, 10_000)).toEqual([
    [60, 900, 40_000],
    [960, 2000, 1_040_000],
    [2000, 9000, 100_000],
  ]);
  expect(gaps(500, 950)).toEqual([[60, 900, 40_000]]);
  expect(gaps(1000, 1500)).toEqual([[960, 2000, 1_040_000]]);
  expect(gaps(-500, 30)).toEqual([]);
});
