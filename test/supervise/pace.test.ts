import { expect, test } from "vitest";
import type { Job } from "../../src/model/job.ts";
import { Pace } from "../../src/supervise/pace.ts";
import { at, makeJob, makeRun, runningJob } from "../decide/make.ts";

const progress = (step: number | null, second: number): Job["progress"] => ({
  ...{ step, totalSteps: null, epoch: null, metrics: {}, reports: "running" },
  advancedAtMs: at(second).monotonicMs,
});
/** Of run `id`, which runs since `since`. */
const job = (step: number | null, second: number, id = "a", since = 0): Job =>
  runningJob(
    {},
    { state: { name: "running", since: at(since), run: makeRun({ id }) }, progress: progress(step, second) },
  );
const frozen = (step: number, second: number, since: number): Job => {
  const cause = { actor: "user", reason: "by hand", rule: null } as never;
  const state = { name: "frozen" as const, since: at(since), run: makeRun({ id: "a" }), cause };
  return runningJob({}, { state, progress: progress(step, second) });
};

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
  [
    "unknown at the first step behind a pause",
    [job(500, 9), job(500, 9, "b", 900), job(501, 910, "b", 900)],
    null,
  ],
  [
    "the pause is no step's",
    [job(500, 9), job(500, 9, "b", 900), job(501, 910, "b", 900), job(503, 911, "b", 900)],
    2,
  ],
  [
    "not over a freeze",
    [job(10, 1), job(12, 2), frozen(12, 2, 3), job(12, 2, "a", 900), job(13, 901, "a", 900)],
    null,
  ],
  ["nor over one between two ticks", [job(10, 1), job(12, 2), job(13, 901, "a", 900)], null],
  ["none while it is frozen", [job(10, 1), job(12, 2), frozen(12, 2, 3)], null],
  ["no clock that stands still", [job(1, 5), job(2, 5)], null],
])("steps per second: %s", (_, seen, expected) => {
  expect(paceOf(...seen)).toEqual(expected);
});

test("a run that has ended is forgotten", () => {
  const ended = makeJob({}, { state: { name: "finished", since: at(9) }, progress: progress(20, 9) });
  expect(paceOf(job(10, 0), job(20, 5), ended)).toBeNull();
});
