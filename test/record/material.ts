/** Moments, events, jobs, runs and samples for the tests of record/ and its benchmark. */
import { jobSchema } from "../../src/config/schema/job-schema.ts";
import { newJob } from "../../src/decide/roster.ts";
import type { NewEvent } from "../../src/model/event.ts";
import type { Job } from "../../src/model/job.ts";
import { GPU_METRICS, MACHINE_METRICS, type Reading, type Sample } from "../../src/model/machine.ts";
import type { Run } from "../../src/model/run.ts";
import type { Now } from "../../src/model/time.ts";

export const RETENTION = { samplesFullHours: 24, samplesThinnedDays: 30 };
export const START_MS = Date.UTC(2026, 10, 23, 8, 0, 0);

/** `seconds` after the tests' start. */
export const at = (seconds: number): Now => ({
  wallMs: START_MS + seconds * 1000,
  monotonicMs: 1_000_000 + seconds * 1000,
});

export const event = (reason: string, more: Partial<NewEvent> = {}): NewEvent => ({
  kind: "pause.requested",
  job: "voice-train",
  run: 3,
  actor: "user",
  reason,
  ...more,
});

export const run = (id: string, number = 1): Run => ({
  id,
  number,
  startedAt: at(number),
  pid: null,
  startTime: null,
  bootId: "boot-1",
  resumedFrom: null,
  resumedAtStep: 0,
  gpus: ["GPU-1"],
});

export const job = (name: string): Job =>
  newJob(jobSchema.parse({ name, command: ["true"] }), "config", at(0));

/** Every reading is `value`. */
export function sample(now: Now, value = 12.5): Sample {
  const reading: Reading = { value, atMs: now.monotonicMs };
  const all = <Name extends string>(names: readonly Name[]) =>
    Object.fromEntries(names.map((name) => [name, reading])) as Record<Name, Reading>;
  return {
    at: now,
    machine: all(MACHINE_METRICS),
    gpus: [
      {
        uuid: "GPU-1",
        index: 0,
        name: "RTX 4090",
        memoryTotalMiB: reading,
        memoryUsedMiB: reading,
        powerLimitWatts: reading,
        metrics: all(GPU_METRICS),
        processes: [
          { pid: 8812, startTime: 5, user: "ana", command: "game.exe", gpuMemoryMiB: 412, ours: null },
        ],
      },
    ],
    gpusUnavailable: null,
    runs: { r1: { cpuPercent: reading, memoryMiB: reading, processes: 2 } },
    foreign: [],
  };
}
