/**
 * A server that has given its memory back is placed like a job without a run.
 * Covers: src/decide/sharing/choose-gpus.ts, src/decide/sharing/line.ts, src/decide/sharing/gpu-memory.ts
 */
import { expect, it } from "vitest";
import { place } from "../../../src/decide/sharing/choose-gpus.ts";
import { ownClaims } from "../../../src/decide/sharing/line.ts";
import { newWorld } from "../../../src/decide/world.ts";
import type { Job } from "../../../src/model/job.ts";
import type { ServerHold } from "../../../src/model/server.ts";
import { at, makeConfig, makeGpu, makeJob, makeRun, makeSample, runningJob } from "../make.ts";

const now = at(100);
const cause = { actor: "user", reason: "Asked for.", critical: false } as const;

function server(hold: ServerHold): Job {
  const learned = { ...runningJob().learned, gpuMemoryMiB: { G: { count: 3, recent: [9000, 9000, 9000] } } };
  const state = {
    name: "standby",
    since: at(50),
    run: makeRun({ gpus: ["G"] }),
    cause,
    server: hold,
  } as const;
  return runningJob({ name: "llm", pause: { method: "http", server: "vllm" } }, { learned, state });
}
const released = server({ released: true, remainderMiB: 1200, shownBy: "gpu" });
const awake = server({ released: false, why: "It stays.", againMs: 0 });

function world(jobs: Job[], freeMiB = 23_000) {
  const gpu = makeGpu(now, "G", 0, { "gpu.memory.freeMiB": freeMiB });
  const used = { value: 15_000, atMs: now.monotonicMs };
  const own = {
    pid: 4711,
    startTime: 1,
    command: "llm",
    user: "u",
    ours: "r1",
    gpuMemoryMiB: 1200,
    kind: "compute" as const,
  };
  const sample = makeSample(now, {}, { gpus: [{ ...gpu, memoryUsedMiB: used, processes: [own] }] });
  const known = newWorld(Object.fromEntries(jobs.map((job) => [job.name, job])));
  const mode = { stopping: false, journalHealthy: true };
  return { ...known, rules: [], idle: [], sample, windows: [], config: makeConfig(), now, mode };
}
const waits = (job: Job, input: ReturnType<typeof world>) =>
  place(job, input, () => []).waits.map(({ text }) => text);

it("its GPU is another job's to take, and then it waits for that", () => {
  const train = makeJob({ name: "train", gpus: 1 });
  expect(waits(train, world([released, train]))).toEqual([]);
  expect(waits(train, world([awake, train]))).toEqual(["GPU 0 is held by 'llm'"]);
  const at0 = { name: "running", since: at(60), run: makeRun({ id: "r2", gpus: ["G"] }) } as const;
  const training = runningJob({ name: "train" }, { state: at0 });
  expect(waits(released, world([released, training]))).toEqual(["GPU 0 is held by 'train'"]);
});

it("it comes back once its model fits beside what it still holds", () => {
  expect(waits(released, world([released], 7800))).toEqual([]);
  expect(waits(released, world([released], 7799))).toMatchObject([expect.stringContaining("7.6 GiB free")]);
});

it("it claims no GPU towards other supervisors, but its processes stay a job's", () => {
  expect(ownClaims(world([released]), {}, now)).toMatchObject([{ job: "llm", gpus: [], holds: true }]);
  expect(ownClaims(world([awake]), {}, now)).toMatchObject([{ job: "llm", gpus: ["G"], holds: true }]);
});
