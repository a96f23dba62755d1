/** Generated history for the tests of replay/: what others do is given second by second. */
import { jobSchema } from "../../src/config/schema/job-schema.ts";
import { type Config, configSchema } from "../../src/config/schema/schema.ts";
import { newJob } from "../../src/decide/roster.ts";
import type { Job } from "../../src/model/job.ts";
import { GPU_METRICS, MACHINE_METRICS, type Reading, type Sample } from "../../src/model/machine.ts";
import type { History, PastEvent } from "../../src/replay/history/history.ts";

export const START_MS = Date.UTC(2026, 8, 7, 6, 0, 0);
const BOOT_MS = 500_000;

/** What the machine shows at one moment; CPU in percent of the whole, memory in MiB. */
export interface Scene {
  cpuOthers: number;
  gpuOthers?: number;
  availableMiB?: number;
  temperature?: number;
  watts?: number;
  /** Why GPUs that are there weren't read. */
  unread?: string;
}

/** `seconds` after the start. */
export function sampleAt(seconds: number, scene: Scene): Sample {
  const monotonicMs = BOOT_MS + seconds * 1000;
  const read = (value: number): Reading => ({ value, atMs: monotonicMs });
  const machine = Object.fromEntries(MACHINE_METRICS.map((name) => [name, read(0)])) as Sample["machine"];
  machine["cpu.others"] = read(scene.cpuOthers);
  machine["cpu.total"] = read(scene.cpuOthers);
  machine["memory.availableMiB"] = read(scene.availableMiB ?? 32_000);
  machine["memory.availablePercent"] = read(((scene.availableMiB ?? 32_000) / 64_000) * 100);
  const gpus = scene.gpuOthers === undefined ? [] : [gpuAt(scene, read)];
  return {
    at: { wallMs: START_MS + seconds * 1000, monotonicMs },
    machine,
    gpus,
    gpusUnavailable: scene.unread ?? null,
    runs: {},
    foreign: [],
  };
}

function gpuAt(
  { gpuOthers = 0, temperature = 60, watts = 80 }: Scene,
  read: (value: number) => Reading,
): Sample["gpus"][number] {
  const metrics = Object.fromEntries(
    GPU_METRICS.map((name) => [name, read(0)]),
  ) as Sample["gpus"][number]["metrics"];
  metrics["gpu.utilization"] = read(gpuOthers);
  metrics["gpu.others.utilization"] = read(gpuOthers);
  metrics["gpu.memory.freeMiB"] = read(20_000);
  metrics["gpu.temperature"] = read(temperature);
  metrics["gpu.power"] = read(watts);
  return {
    uuid: "GPU-1",
    index: 0,
    name: "A GPU",
    device: { runtime: "cuda", number: 0 },
    memoryTotalMiB: read(24_000),
    memoryUsedMiB: read(4000),
    powerLimitWatts: read(300),
    metrics,
    processes: [],
  };
}

export interface Given {
  seconds: number;
  scene: (second: number) => Scene;
  /** Which seconds have a sample; all when left out. */
  kept?: (second: number) => boolean;
  /** By how much the clock had been set forward (or back, below 0), in seconds; never when left out. */
  clockOff?: (second: number) => number;
  jobs?: Job[];
  events?: PastEvent[];
}

export function historyOf(given: Given): History {
  const { seconds, scene, kept = () => true, clockOff = () => 0, jobs = [], events = [] } = given;
  const samples: Sample[] = [];
  for (let second = 0; second < seconds; second++) {
    const { at, ...rest } = sampleAt(second, scene(second));
    if (kept(second)) samples.push({ ...rest, at: { ...at, wallMs: at.wallMs + clockOff(second) * 1000 } });
  }
  // As a database gives them.
  samples.sort((a, b) => a.at.wallMs - b.at.wallMs);
  return {
    span: { fromMs: START_MS, untilMs: START_MS + (seconds + clockOff(seconds - 1)) * 1000 },
    count: samples.length,
    jobs,
    runs: [],
    events,
    doubts: [],
    samples: () => samples,
  };
}

/** A job that its library makes known, with what its pauses were seen to cost. */
export function knownJob(name: string, { saveMs = 5000, reloadMs = 10_000 } = {}): Job {
  const job = newJob(jobSchema.parse({ name, command: ["train"] }), "config", {
    wallMs: START_MS,
    monotonicMs: BOOT_MS,
  });
  return {
    ...job,
    understands: "contract",
    learned: {
      ...job.learned,
      saveMs: { count: 1, recent: [saveMs] },
      reloadMs: { count: 1, recent: [reloadMs] },
    },
  };
}

export function configOf(written: Record<string, unknown>): Config {
  const parsed = configSchema.parse(written);
  const rules = parsed.rules ?? [];
  return { ...parsed, rules, database: "", stateDirectory: "", file: null, project: "user", directory: "/" };
}

export const CPU_RULE = {
  name: "somebody computes",
  metric: "cpu.others",
  above: 40,
  forSeconds: 5,
  clear: { below: 20, forSeconds: 20 },
};
