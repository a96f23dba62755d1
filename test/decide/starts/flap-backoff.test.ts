/** A row of pauses grows only by runs that ended before they had paid. */
import { describe, expect, test } from "vitest";
import { countPause } from "../../../src/decide/starts/flap-backoff.ts";
import type { Job } from "../../../src/model/job.ts";
import { running } from "../days.ts";
import { at, makeConfig, makeRun } from "../make.ts";

const config = makeConfig({ balance: { backoffSeconds: 20, calmSeconds: 300 } }).balance;
const learned = {
  saveMs: { count: 3, recent: [9000, 9000, 9000] },
  reloadMs: { count: 3, recent: [31_000, 31_000, 31_000] },
};
const inRow = (count: number) => ({
  backoff: { need: { count, lastPauseMs: at(0).wallMs } },
  productiveMs: 0,
  overheadMs: 0,
});
/** It has stepped from the beginning on. */
const worksOn = { name: "running" as const, since: at(0), run: makeRun({ id: "a", firstStepAt: at(0) }) };
const rowAfter = (job: Job, second: number): number | undefined =>
  countPause(job, "need", at(second), config).backoff.need?.count;

describe("one pause more", () => {
  test("ends the row once the run has worked as long as its pause costs", () => {
    const job = running("a", {}, { learned, balance: inRow(5), state: worksOn });
    expect([rowAfter(job, 39), rowAfter(job, 40)]).toEqual([6, 1]);
  });

  test("of a job whose pauses cost nothing: once it has worked as long as the first back-off", () => {
    const job = running("a", {}, { balance: inRow(2), state: worksOn });
    expect([rowAfter(job, 19), rowAfter(job, 20)]).toEqual([3, 1]);
  });

  test("counts work from the first step on, and none while it loads", () => {
    const run = makeRun({ id: "a", firstStepAt: at(100) });
    const job = running("a", {}, { learned, balance: inRow(1) });
    const late: Job = { ...job, state: { name: "running", since: at(10), run } };
    expect([rowAfter(late, 139), rowAfter(late, 140)]).toEqual([2, 1]);
    const loads = { ...run, resuming: { since: at(10), polite: true } };
    expect(rowAfter({ ...late, state: { name: "running", since: at(10), run: loads } }, 500)).toBe(2);
    expect(rowAfter({ ...late, state: { name: "starting", since: at(10), run } }, 500)).toBe(2);
    // A job that reports its steps, and hasn't reported any.
    const silent: Job = {
      ...late,
      understands: "contract",
      state: { ...worksOn, run: makeRun({ id: "a" }) },
    };
    expect(rowAfter(silent, 500)).toBe(2);
  });

  test("after calm that it spent away goes on with the row", () => {
    const job = running("a", {}, { learned, balance: inRow(4) });
    const back: Job = { ...job, state: { name: "running", since: at(4000), run: makeRun({ id: "a" }) } };
    expect(rowAfter(back, 4010)).toBe(5);
  });
});
