/**
 * The balance that clients see.
 * Covers: src/supervise/snapshot.ts, src/decide/worked.ts
 */
import { expect, test } from "vitest";
import type { Job } from "../../src/model/job.ts";
import { snapshot } from "../../src/supervise/snapshot.ts";
import { at, makeConfig, makeJob, makeRun, makeSample, runningJob } from "../decide/make.ts";

const BEFORE = { balance: { backoff: {}, productiveMs: 5000, overheadMs: 700 } };

function balanceOf(job: Job) {
  const now = at(90);
  const world = { jobs: { tts: job }, rules: {}, memory: { startedMs: null, last: null, windows: {} } };
  const moment = { now, sample: makeSample(now), world, why: () => ({}), stopping: false };
  const lists = { warnings: [], windows: [], events: [] };
  const about = { config: makeConfig(), version: "1", startedAtMs: 0, stopping: false, ...lists };
  return snapshot(moment, { ...about, pace: () => null, copying: () => null }).jobs[0]?.balance;
}

const running = (firstStepAt?: number): Job["state"] => ({
  name: "running",
  since: at(0),
  run: makeRun(firstStepAt === undefined ? {} : { firstStepAt: at(firstStepAt) }),
});

test.each<[string, Job, number]>([
  [
    "the work of the run that goes on counts, from its first step",
    runningJob({}, { ...BEFORE, state: running(30) }),
    65_000,
  ],
  ["loading isn't work", runningJob({}, { ...BEFORE, state: running() }), 5000],
  [
    "one that reports nothing works from its launch on",
    runningJob({}, { ...BEFORE, understands: "nothing" }),
    95_000,
  ],
  ["a job without a run has what was noted", makeJob({}, BEFORE), 5000],
])("%s", (_, job, productiveMs) => {
  expect(balanceOf(job)).toEqual({ ...BEFORE.balance, productiveMs });
});
