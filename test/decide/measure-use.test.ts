/**
 * What a job uses while it works, measured tick by tick.
 * Covers: src/decide/gpu-use.ts
 */
import { describe, expect, test } from "vitest";
import { measureUse } from "../../src/decide/measure-use.ts";
import type { Periods } from "../../src/decide/world.ts";
import { peak, typical } from "../../src/model/figure.ts";
import type { Job } from "../../src/model/job.ts";
import type { Learned } from "../../src/model/learned.ts";
import type { GpuSample, Sample } from "../../src/model/machine.ts";
import { at, makeGpu, makeRun, makeSample, runningJob } from "./make.ts";

interface Use {
  memory?: number;
  cpu?: number;
  gpus?: (second: number) => GpuSample[];
}

const working = (facts: Partial<Job> = {}, gpus: string[] = []): Job =>
  runningJob(
    {},
    { state: { name: "running", since: at(0), run: makeRun({ firstStepAt: at(0), gpus }) }, ...facts },
  );

/** One job, looked at every second while its use is as it is told. */
class Watch {
  job: Job;
  second = 0;
  #periods: Periods = {};

  constructor(job: Job) {
    this.job = job;
  }

  for(seconds: number, use: Use): this {
    for (const end = this.second + seconds; this.second < end; this.second += 1) this.look(use);
    return this;
  }

  look({ memory, cpu, gpus }: Use): void {
    const now = at(this.second);
    const read = (value?: number) =>
      value === undefined ? { unavailable: "not read" } : { value, atMs: now.monotonicMs };
    const runs: Sample["runs"] = { r1: { cpuPercent: read(cpu), memoryMiB: read(memory), processes: 1 } };
    const sample = makeSample(now, {}, { runs, gpus: gpus?.(this.second) ?? [] });
    const { jobs, periods } = measureUse({ tts: this.job }, this.#periods, sample);
    this.job = jobs.tts as Job;
    this.#periods = periods;
  }

  /** As it makes a step each second. */
  steps(step: number): this {
    this.job = { ...this.job, progress: { ...(this.job.progress ?? ({} as never)), step } };
    return this;
  }

  stop(): this {
    this.job = { ...this.job, state: { name: "waiting", since: at(this.second) } };
    this.look({});
    return this;
  }

  get learned(): Learned {
    return this.job.learned;
  }
}

describe("a period", () => {
  test("gives the peak of memory and the mean of CPU use, first after a few seconds", () => {
    const watch = new Watch(working()).for(10, { memory: 700, cpu: 20 });
    expect(watch.learned).toEqual({});
    watch.for(1, { memory: 812, cpu: 20 });
    expect(watch.learned.memoryMiB).toEqual({ count: 1, recent: [812] });
    expect(watch.learned.cpuPercent).toEqual({ count: 1, recent: [20] });
  });

  test("gets longer, so that hours of work fit into the last few", () => {
    const watch = new Watch(working()).for(6 * 3600, { memory: 700, cpu: 20 });
    const count = watch.learned.memoryMiB?.count ?? 0;
    expect(count).toBeGreaterThan(30);
    expect(count).toBeLessThan(60);
  });

  test("of loading isn't measured; of a program that doesn't report, all is", () => {
    const loading = { name: "running" as const, since: at(0), run: makeRun() };
    expect(new Watch(working({ state: loading })).for(60, { memory: 5000 }).learned).toEqual({});
    const deaf = working({ state: loading, understands: "nothing" });
    expect(new Watch(deaf).for(60, { memory: 5000 }).learned.memoryMiB?.recent[0]).toBe(5000);
  });

  test("before a program was seen to keep the contract was loading, too", () => {
    const state = { name: "running" as const, since: at(0), run: makeRun() };
    const watch = new Watch(working({ state, understands: "nothing" })).for(4, { memory: 48 });
    watch.job = { ...watch.job, understands: "contract" };
    expect(watch.for(30, { memory: 900 }).learned).toEqual({});
  });

  test("that the end of the work cuts short counts where nothing else is known", () => {
    const watch = new Watch(working()).for(4, { memory: 640, cpu: 5 }).stop();
    expect(watch.learned.memoryMiB?.recent).toEqual([640]);
    const known = new Watch(working({ learned: watch.learned })).for(4, { memory: 9000 }).stop();
    expect(known.learned.memoryMiB?.recent).toEqual([640]);
  });

  test("over a break isn't stretched across it", () => {
    const watch = new Watch(working()).for(3, { memory: 640, cpu: 5 });
    watch.second += 3600;
    expect(watch.for(5, { memory: 640, cpu: 5 }).learned).toEqual({});
  });
});

describe("one reading that is wrong", () => {
  test("raises nothing once there are three periods, nor in the means at any time", () => {
    const watch = new Watch(working()).for(200, { memory: 700, cpu: 30 });
    watch.for(1, { memory: 90_000, cpu: 100 }).for(900, { memory: 700, cpu: 30 });
    const { memoryMiB, cpuPercent } = watch.learned;
    expect(memoryMiB?.recent).toContain(90_000);
    expect([memoryMiB && peak(memoryMiB), cpuPercent && Math.round(peak(cpuPercent))]).toEqual([700, 30]);
  });

  test("a smaller program is known to be smaller after a while", () => {
    const watch = new Watch(working()).for(3600, { memory: 30_000, cpu: 90 });
    watch.for(3 * 3600, { memory: 4000, cpu: 10 });
    const { memoryMiB } = watch.learned;
    expect(memoryMiB && [peak(memoryMiB), typical(memoryMiB)]).toEqual([4000, 4000]);
  });
});

describe("on GPUs", () => {
  const process = (ours: string | null, gpuMemoryMiB: number, more: object = {}) => ({
    pid: 5,
    startTime: 1,
    user: "x",
    command: "x",
    ours,
    gpuMemoryMiB,
    ...more,
  });
  const pair =
    (a: ReturnType<typeof process>[], b: ReturnType<typeof process>[], watts?: number) =>
    (second: number): GpuSample[] =>
      [a, b].map((processes, index) => ({
        ...makeGpu(at(second), `GPU-${index}`, index, {
          "gpu.utilization": 60 + 20 * index,
          "gpu.others.memoryMiB": 0,
          ...(watts !== undefined && { "gpu.power": watts }),
        }),
        processes,
      }));

  test("memory is learned by GPU, use as the mean of them, energy by the step", () => {
    const gpus = pair([process("r1", 6000)], [process("r1", 2000)], 150);
    const watch = new Watch(working({}, ["GPU-0", "GPU-1"]));
    for (let step = 0; step <= 10; step += 1) watch.steps(5 * step).for(1, { memory: 1, cpu: 1, gpus });
    expect(watch.learned.gpuMemoryMiB).toEqual({
      "GPU-0": { count: 1, recent: [6000] },
      "GPU-1": { count: 1, recent: [2000] },
    });
    expect(watch.learned.gpuPercent?.recent).toEqual([70]);
    // 300 W for 10 s, in which it made 50 steps.
    expect(watch.learned.joulesPerStep?.recent).toEqual([60]);
  });

  test("energy needs a power that was told for at least half of the time", () => {
    const [told, untold] = [pair([process("r1", 6000)], [], 150), pair([process("r1", 6000)], [])];
    const learnt = (blind: number): Learned => {
      const watch = new Watch(working({}, ["GPU-0"]));
      for (let step = 0; step <= 10; step += 1)
        watch.steps(step).for(1, { memory: 1, gpus: step > 10 - blind ? untold : told });
      return watch.learned;
    };
    expect(learnt(5).joulesPerStep?.recent).toEqual([150]);
    expect(learnt(6)).not.toHaveProperty("joulesPerStep");
  });

  test("neither use nor energy is taken for its own beside somebody else", () => {
    const gpus = pair([process("r1", 6000), process(null, 300)], [process("r1", 2000)], 150);
    const watch = new Watch(working({}, ["GPU-0", "GPU-1"]));
    for (let step = 0; step <= 10; step += 1) watch.steps(step).for(1, { gpus, memory: 1 });
    expect(watch.learned).not.toHaveProperty("gpuPercent");
    expect(watch.learned).not.toHaveProperty("joulesPerStep");
    expect(watch.learned.gpuMemoryMiB?.["GPU-0"]?.recent).toEqual([6000]);
  });

  test("a desktop that doesn't count changes nothing; power that isn't told is no energy", () => {
    const gpus = pair([process("r1", 6000), process(null, 300, { counts: false })], []);
    const watch = new Watch(working({}, ["GPU-0"]));
    for (let step = 0; step <= 10; step += 1) watch.steps(step).for(1, { gpus, memory: 1 });
    expect(watch.learned.gpuPercent?.recent).toEqual([60]);
    expect(watch.learned).not.toHaveProperty("joulesPerStep");
  });

  test("what it held on a GPU that it has left is forgotten", () => {
    const learned = { gpuMemoryMiB: { "GPU-9": { count: 40, recent: [20_000, 20_000, 20_000] } } };
    const gpus = pair([process("r1", 6000)], []);
    const watch = new Watch(working({ learned }, ["GPU-0"])).for(11, { gpus, memory: 1 });
    expect(Object.keys(watch.learned.gpuMemoryMiB ?? {})).toEqual(["GPU-0"]);
  });
});
