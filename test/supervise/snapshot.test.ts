/**
 * The balance that clients see, and what they say that ending a job loses.
 * Covers: src/supervise/snapshot.ts, src/decide/worked.ts
 */
import { expect, test } from "vitest";
import type { Job } from "../../src/model/job.ts";
import { endLoses } from "../../src/show/job-words.ts";
import { snapshot } from "../../src/supervise/snapshot.ts";
import { at, makeCheckpoint, makeConfig, makeJob, makeRun, makeSample, runningJob } from "../decide/make.ts";

const BEFORE = { balance: { backoff: {}, productiveMs: 5000, overheadMs: 700 } };

const now = at(90);

function viewOf(job: Job) {
  const world = { jobs: { tts: job }, rules: {}, memory: { startedMs: null, last: null, windows: {} } };
  const moment = { now, sample: makeSample(now), world, why: () => ({}), stopping: false };
  const lists = { warnings: [], windows: [], events: [] };
  const about = { config: makeConfig(), version: "1", startedAtMs: 0, stopping: false, ...lists };
  const [view] = snapshot(moment, { ...about, pace: () => null, copying: () => null }).jobs;
  if (view === undefined) throw new Error("no job");
  return view;
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
  expect(viewOf(job).balance).toEqual({ ...BEFORE.balance, productiveMs });
});

const saved = (second: number, step: number | null) => makeCheckpoint(step ?? 0, at(second), { step });
const progress = (step: number, stepMs: number) => ({
  progress: { step, totalSteps: 900, epoch: null, metrics: {}, reports: "running", advancedAtMs: 0, stepMs },
});
const since = (name: "running" | "frozen", startedAt: number, second: number): Job["state"] => ({
  ...({ name, since: at(second) } as Job["state"] & { name: "running" }),
  run: makeRun({ startedAt: at(startedAt) }),
});

test.each<[string, Partial<Job>, string]>([
  [
    "since the checkpoint of this run",
    { state: since("running", 0, 0), checkpoint: saved(50, null) },
    "40 s",
  ],
  ["since a run began from it", { state: since("running", 88, 88), checkpoint: saved(-500, null) }, "2 s"],
  ["until it was frozen", { state: since("frozen", 0, 33), checkpoint: saved(3, null) }, "30 s"],
  [
    "while its steps were made, of a run that stood still in between",
    { state: since("running", 0, 80), checkpoint: saved(3, 5), ...progress(25, 400) },
    "8 s",
  ],
])("the time that ending it loses is that of its work, %s", (_, facts, time) => {
  const what = facts.progress ? "about 20 steps" : "what it hasn't saved";
  expect(endLoses(viewOf(runningJob({}, facts)), now.wallMs)).toContain(
    `loses ${what} (${time}, last checkpoint `,
  );
});
