import { expect, test } from "vitest";
import type { Job } from "../../src/model/job.ts";
import { Pace } from "../../src/supervise/pace.ts";
import { at, makeJob, makeRun, runningJob } from "../decide/make.ts";

const progress = (step: number | null, second: number): Job["progress"] => ({
  ...{ step, totalSteps: null, epoch: null, metrics: {}, reports: "running" },
  advancedAtMs: at(second).monotonicMs,
});
const job = (step: number | null, second: number, id = "a"): Job =>
  runningJob(
    {},
    { state: { name: "running", since: at(0), run: makeRun({ id }) }, progress: progress(step, second) },
  );

function paceOf(...seen: Job[]): number | null {
  const pace = new Pace();
  for (const one of seen) pace.note(one);
  return pace.of(seen.at(-1) as Job);
}

test.each<[string, Job[], number | null]>([
  ["nothing reported", [job(null, 0)], null],
  ["one step alone", [job(7, 0), job(7, 9)], null],
  ["two steps in four seconds", [job(10, 0), job(12, 4)], 0.5],
  ["only about the last minute", [job(0, 0), job(1, 100), job(2, 130), job(32, 160)], 31 / 60],
  ["not over two runs", [job(500, 0), job(100, 10, "b"), job(101, 12, "b")], 0.5],
  ["no clock that stands still", [job(1, 5), job(2, 5)], null],
])("steps per second: %s", (_, seen, expected) => {
  expect(paceOf(...seen)).toEqual(expected);
});

test("a run that has ended is forgotten", () => {
  const ended = makeJob({}, { state: { name: "finished", since: at(9) }, progress: progress(20, 9) });
  expect(paceOf(job(10, 0), job(20, 5), ended)).toBeNull();
});
