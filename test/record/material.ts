/** Folders, moments, jobs, runs and samples for the tests of record/. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { jobSchema } from "../../src/config/schema.ts";
import {
  GPU_METRICS,
  MACHINE_METRICS,
  type NewEvent,
  type Now,
  type Reading,
  type Run,
  type Sample,
} from "../../src/model.ts";
import type { SupervisedJob } from "../../src/ports.ts";
import { createJournal, type RecordJournal } from "../../src/record/journal.ts";

export const RETENTION = { samplesFullHours: 24, samplesThinnedDays: 30 };
export const START_MS = Date.UTC(2026, 10, 23, 8, 0, 0);

/** `seconds` after the tests' start. */
export const at = (seconds: number): Now => ({
  wallMs: START_MS + seconds * 1000,
  monotonicMs: 1_000_000 + seconds * 1000,
});

/** A database path in a folder that goes with the test. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "record-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "supervisor.sqlite");
}

export function openJournal(path: string = scratch()): RecordJournal & { path: string } {
  const journal = createJournal(path, { retention: RETENTION });
  onTestFinished(() => journal.close());
  return Object.assign(journal, { path });
}

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

export const job = (name: string): SupervisedJob => ({
  name,
  spec: jobSchema.parse({ name, command: ["true"] }),
  origin: "config",
  state: { name: "waiting", since: at(0) },
  runs: 0,
  progress: null,
  checkpoint: null,
  manual: null,
  learned: { saveMs: null, slowestSaveMs: null, reloadMs: null, memoryMiB: null, cpuPercent: null },
  balance: { backoff: {}, productiveMs: 0, overheadMs: 0 },
  understands: null,
  attempts: { failures: 0, fruitless: 0, notBeforeMs: 0 },
  misattributed: [],
});

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

export interface Child {
  process: ChildProcess;
  lines: Interface;
  /** The next line that it writes; rejects when it ends first. */
  line(): Promise<string>;
  /** Resolves when it has ended. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** A program of test/children, ended with the test. */
export function child(name: string, ...argv: string[]): Child {
  const program = fileURLToPath(new URL(`../children/${name}`, import.meta.url));
  const process_ = spawn(process.execPath, [program, ...argv], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(process_, "exit");
  const lines = createInterface({ input: process_.stdout });
  const iterator = lines[Symbol.asyncIterator]();
  onTestFinished(async () => {
    if (process_.exitCode === null && process_.signalCode === null) process_.kill("SIGKILL");
    await ended;
  });
  return {
    process: process_,
    lines,
    async line() {
      const next = await iterator.next();
      if (next.done) throw new Error(`${name} ended without a word`);
      return next.value;
    },
    async kill(signal) {
      process_.kill(signal);
      await ended;
    },
  };
}
