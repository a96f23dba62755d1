/** Over a real database. */
import { expect, test } from "vitest";
import { jobPast, PARTS } from "../../src/report/job-past.ts";
import { at, event, run, sample } from "../record/material.ts";
import { openJournal } from "../record/scratch.ts";

const HOUR = 3600;

test("the job's own runs, pauses and checkpoints, newest last, and no other's", () => {
  const journal = openJournal();
  const started = (job: string, number: number): void => {
    const change = { jobs: [], started: { job, run: run(`${job}-${number}`, number) } };
    journal.append([], at(number), change);
  };
  for (let number = 1; number <= 10; number++) started("asr", number);
  started("tts", 1);
  const of = (
    job: string,
    reason: string,
    kind: "pause.requested" | "pause.completed" | "checkpoint.verified",
  ) => event(reason, { job, kind });
  journal.append(
    [of("asr", "Bob compiles.", "pause.requested"), of("tts", "Other.", "pause.requested")],
    at(20),
  );
  journal.append([of("asr", "Paused.", "pause.completed")], at(31));
  journal.append([of("asr", "Checkpoint of step 77.", "checkpoint.verified")], at(32));
  const past = jobPast(journal.path, "asr", [], at(100).wallMs);
  expect(past.runs.map(({ id }) => id)).toEqual([3, 4, 5, 6, 7, 8, 9, 10].map((number) => `asr-${number}`));
  expect(past.pauses).toMatchObject([
    { reason: "Bob compiles.", askedMs: at(20).wallMs, doneMs: at(31).wallMs, resumedMs: null },
  ]);
  expect(past.checkpoints.map(({ reason }) => reason)).toEqual(["Checkpoint of step 77."]);
  expect(past.courses).toEqual([]);
});

test("a pause of a job that was cancelled, or removed, since is over", () => {
  const journal = openJournal();
  for (const [job, kind] of [["asr", "job.cancelled"] as const, ["tts", "job.removed"] as const]) {
    for (const [second, one] of [[20, "pause.requested"] as const, [30, "pause.completed"] as const])
      journal.append([event("Bob compiles.", { job, kind: one })], at(second));
    journal.append([event("By Bob.", { job, kind })], at(70));
    const [pause] = jobPast(journal.path, job, [], at(100).wallMs).pauses;
    expect(pause).toMatchObject({ doneMs: at(30).wallMs, overMs: at(70).wallMs });
  }
});

test("a course has the worst value of each minute of the last hour, and holes where nothing was recorded", () => {
  const journal = openJournal();
  const values: [second: number, value: number][] = [
    [-10, 99],
    [5, 20],
    [12, 64],
    [50, 8],
    [70, 31],
    [HOUR - 1, 43],
  ];
  for (const [second, value] of values) journal.addSample(sample(at(second), value));
  journal.append([event("flushes the samples")], at(HOUR));
  const watched = [
    { metric: "cpu.others", gpu: null, worst: "highest" },
    { metric: "memory.availablePercent", gpu: null, worst: "lowest" },
    { metric: "gpu.temperature", gpu: "GPU-1", worst: "highest" },
    { metric: "gpu.temperature", gpu: "GPU-gone", worst: "highest" },
  ] as const;
  const { courses, sinceMs, untilMs } = jobPast(journal.path, "asr", watched, at(HOUR).wallMs);
  expect([sinceMs, untilMs]).toEqual([at(0).wallMs, at(HOUR).wallMs]);
  const holes = new Array(PARTS - 3).fill(null);
  expect(courses).toEqual([
    [64, 31, ...holes, 43],
    [8, 31, ...holes, 43],
    [64, 31, ...holes, 43],
    new Array(PARTS).fill(null),
  ]);
});
