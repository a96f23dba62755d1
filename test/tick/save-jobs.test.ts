/** When a job's row is saved: with its events, at once for a change, seldom for what only progresses. */
import { expect, test } from "vitest";
import type { Job } from "../../src/model/job.ts";
import { Persistence } from "../../src/tick/save-jobs.ts";
import { at, makeJob } from "../decide/make.ts";
import { createMemoryJournal } from "../fakes/memory-journal.ts";

/** A job of which all is saved, and what the journal holds of it one second after it has changed. */
function savedAfter(facts: Partial<Job>): Job | undefined {
  const journal = createMemoryJournal();
  const persistence = new Persistence(journal);
  const before = makeJob();
  persistence.save({ tts: before }, at(0));
  persistence.save({ tts: { ...before, ...facts } }, at(1));
  return journal.loadJobs()[0];
}

const progress = { step: 1, totalSteps: null, epoch: null, metrics: {}, reports: "running", advancedAtMs: 0 };

test.each<Partial<Job>>([
  { misattributed: ["busy"] },
  { gpuShortage: { othersMiB: 4000 } },
  { cancelling: { by: "ana", askedAt: at(1), killed: false } },
  { turn: { gpu: "GPU-1", forMs: 1000, askedAtMs: 0, by: "ana" } },
  { visited: { gpus: ["GPU-1"], startTime: 1, bootId: "b" } },
  { rejected: ["/c/step-1"] },
  { worldSize: 2 },
])("a change of %o is saved at once", (facts) => {
  expect(savedAfter(facts)).toMatchObject(facts);
});

test("what is gone is saved at once", () => {
  const journal = createMemoryJournal();
  const persistence = new Persistence(journal);
  const { gpuShortage, ...rest } = makeJob({}, { gpuShortage: { othersMiB: 4000 } });
  persistence.save({ tts: { ...rest, ...(gpuShortage && { gpuShortage }) } }, at(0));
  persistence.save({ tts: rest }, at(1));
  expect(journal.loadJobs()[0]).not.toHaveProperty("gpuShortage");
});

test("what has only progressed is saved when it is time", () => {
  expect(savedAfter({ progress })?.progress).toBeNull();
});
