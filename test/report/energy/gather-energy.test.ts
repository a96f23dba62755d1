import { expect, test } from "vitest";
import { samplesOf } from "../../../src/report/energy/gather-energy.ts";
import { at, sample } from "../../record/material.ts";
import { openJournal } from "../../record/scratch.ts";

test("however long the period, no minute that has a sample is passed over: that would look like a gap", () => {
  const journal = openJournal();
  for (let minute = 0; minute < 180; minute++) journal.addSample(sample(at(60 * minute)));
  journal.close();
  const untilMs = at(3 * 3600).wallMs;
  const times = (days: number): number[] =>
    [...samplesOf(journal.path, { sinceMs: untilMs - days * 86_400_000, untilMs })].map(
      (one) => one.at.wallMs,
    );
  for (const days of [1, 45, 100, 330]) {
    const found = times(days);
    const steps = found.slice(1).map((ms, at) => ms - (found[at] ?? 0));
    expect(Math.max(...steps)).toBeLessThanOrEqual(120_000);
    expect(found.length).toBeGreaterThan(85);
  }
});
