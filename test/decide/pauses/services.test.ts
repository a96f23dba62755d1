/**
 * What the policy does to a service: it yields a GPU to the job that was there first, and goes on when the supervisor
 * stops. What would begin or end it is refused.
 * Covers: src/decide/pauses/crowding.ts
 */
import { expect, it } from "vitest";
import { manualRequest } from "../../../src/decide/manual-request.ts";
import { otherPauses } from "../../../src/decide/pauses/pauses-without-rule.ts";
import { parallelWait } from "../../../src/decide/starts/parallel.ts";
import { newWorld } from "../../../src/decide/world.ts";
import type { Job } from "../../../src/model/job.ts";
import { at, makeConfig, makeGpu, makeJob, makeRun, makeSample, runningJob } from "../make.ts";

const now = at(100);

function service(gpus: string[], spec: object = {}): Job {
  const run = makeRun({ id: "s1", gpus, service: true });
  const state = { name: "serving", since: at(50), run } as const;
  const pause = { method: "http", server: "vllm" };
  return runningJob({ name: "llm", service: true, gpuIds: [1], pause, ...spec }, { state });
}

function training(gpus: string[], spec: object = {}): Job {
  const run = makeRun({ id: "r2", gpus });
  return runningJob({ name: "train", ...spec }, { state: { name: "running", since: at(60), run } });
}

function input(jobs: Job[], stopping = false, config = makeConfig()) {
  const sample = makeSample(now, {}, { gpus: [makeGpu(now, "A", 0), makeGpu(now, "B", 1)] });
  const known = newWorld(Object.fromEntries(jobs.map((job) => [job.name, job])));
  const mode = { stopping, journalHealthy: true };
  return { ...known, rules: [], idle: [], sample, windows: [], config, now, mode };
}

const asked = (...given: Parameters<typeof input>): string[] =>
  otherPauses(input(...given)).map(({ job, method, cause }) => `${job} ${method}: ${cause.reason}`);

it("it yields a GPU to the job that is there", () => {
  const held = "llm http: GPU 1 is held by 'train', which was there first.";
  expect(asked([service(["B"]), training(["B"])])).toEqual([held]);
  expect(asked([service(["A", "B"]), training(["B"])])).toEqual([held]);
  expect(asked([service(["A"]), training(["B"])])).toEqual([]);
  expect(asked([service(["B"]), makeJob({ name: "train", gpuIds: [1] })])).toEqual([]);
  expect(asked([service(["B"], { shareGpu: true }), training(["B"], { shareGpu: true })])).toEqual([]);
});

it("a stop pauses the jobs, and leaves it as it is", () => {
  expect(asked([service(["A"]), training(["B"])], true)).toEqual([
    expect.stringContaining("train checkpoint: The supervisor was asked to stop"),
  ]);
});

it.each([
  { verb: "cancel" },
  { verb: "rerun" },
  { verb: "pause", untilMs: null, force: "freeze" },
  { verb: "pause", untilMs: null, force: "terminate" },
] as const)("$verb $force is refused; among many jobs only the others are meant", (request) => {
  const world = newWorld({ llm: service(["A"]), train: makeJob({ name: "train" }) });
  const alone = manualRequest(world, { ...request, jobs: ["llm"], by: "me" }, [], now);
  expect(alone.errors).toEqual([expect.stringMatching(/^'llm' is a service: /)]);
  expect(alone.world.jobs.llm).toBe(world.jobs.llm);
  const both = manualRequest(world, { ...request, jobs: ["llm", "train"], by: "me" }, [], now);
  expect([both.errors, both.passedOver]).toEqual([[], [{ job: "llm", why: alone.errors[0] }]]);
});

it("it doesn't count among the jobs that run side by side", () => {
  const other = makeJob({ name: "train", gpus: 0 });
  const config = makeConfig({ maxParallel: 1 });
  expect(
    parallelWait(other, input([service([], { gpus: 0, gpuIds: undefined }), other], false, config)),
  ).toBeNull();
});
