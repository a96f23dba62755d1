/** A policy on a machine with GPUs, asked tick by tick, for the tests of sharing. */
import { type Decided, decide } from "../../../src/decide/policy.ts";
import { newWorld, type World } from "../../../src/decide/world.ts";
import type { Job } from "../../../src/model/job.ts";
import type { Claim, GpuSample, Sample } from "../../../src/model/machine.ts";
import { whyText } from "../../../src/words/sentences/why/why.ts";
import { at, makeConfig, makeGpu, makeSample } from "../make.ts";

export const gpus = (second: number, count: number, more: Partial<GpuSample> = {}): GpuSample[] =>
  Array.from({ length: count }, (_, index) => ({ ...makeGpu(at(second), `GPU-${index}`, index), ...more }));

/** The same GPU with so much free memory; null: it isn't told. */
export const withFree = (gpu: GpuSample, mib: number | null): GpuSample => ({
  ...gpu,
  metrics: {
    ...gpu.metrics,
    "gpu.memory.freeMiB":
      mib === null ? { unavailable: "the driver tells none" } : { value: mib, atMs: gpuAtMs(gpu) },
  },
});

const gpuAtMs = ({ memoryUsedMiB: used }: GpuSample): number => ("value" in used ? used.atMs : 0);

export const claim = (more: Partial<Claim> = {}): Claim => ({
  id: "1001-abc-asr-ft",
  uid: 1001,
  user: "bob",
  job: "asr-ft",
  gpus: ["GPU-0"],
  holds: true,
  sinceMs: at(-3600).wallMs,
  readyMs: null,
  pids: [{ pid: 1, startTime: 1 }],
  ...more,
});

export class Desk {
  world: World;
  last: Decided | null = null;
  readonly config;
  #wallMs = 0;

  constructor(jobs: Job[], config: object = {}) {
    this.world = newWorld(Object.fromEntries(jobs.map((job) => [job.name, job])));
    this.config = makeConfig(config);
  }

  tick(second: number, more: Partial<Sample>): Decided {
    this.#wallMs = at(second).wallMs;
    const sample = makeSample(at(second), {}, { claimant: "1002-me", gpusUnavailable: null, ...more });
    const mode = { stopping: false, journalHealthy: true };
    this.last = decide(this.world, { sample, windows: [], config: this.config, now: at(second), mode });
    this.world = this.last.world;
    return this.last;
  }

  get why(): string {
    const why = this.last?.why().tts;
    return why === undefined ? "" : whyText(why, this.#wallMs);
  }
}

export const started = ({ decisions }: Decided): string[] =>
  decisions.flatMap((one) => (one.verb === "start" || one.verb === "resume" ? one.gpus : []));
