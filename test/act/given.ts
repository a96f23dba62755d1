/** What the tests of act/ start from: a state directory, a job, a run, and waiting for a condition. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { prepareStateDirectory } from "../../src/act/state-directory.ts";
import { clock } from "../../src/clock.ts";
import { type JobSpec, jobSchema } from "../../src/config/schema.ts";
import type { Run } from "../../src/model.ts";
import { logPath } from "../../src/paths.ts";
import type { SupervisedJob } from "../../src/ports.ts";

export const BOOT_ID = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();

/** An empty state directory that is gone after the test. */
export function givenState(): string {
  const folder = mkdtempSync(join(tmpdir(), "act-"));
  const state = join(folder, "state");
  prepareStateDirectory(state);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return state;
}

let count = 0;

export function givenRun(more: Partial<Run> = {}): Run {
  count += 1;
  return {
    id: `act-${process.pid}-${count}`,
    number: count,
    startedAt: clock.now(),
    pid: null,
    startTime: null,
    bootId: BOOT_ID,
    resumedFrom: null,
    resumedAtStep: 0,
    gpus: [],
    ...more,
  };
}

export function givenJob(
  command: string[],
  more: Omit<Partial<Record<keyof JobSpec, unknown>>, "command"> = {},
): SupervisedJob {
  return {
    name: "job",
    spec: jobSchema.parse({ name: "job", command, cwd: tmpdir(), ...more }),
    origin: "config",
    state: { name: "waiting", since: clock.now() },
    runs: 0,
    progress: null,
    checkpoint: null,
    manual: null,
    learned: { saveMs: null, slowestSaveMs: null, reloadMs: null, memoryMiB: null, cpuPercent: null },
    balance: { backoff: {}, productiveMs: 0, overheadMs: 0 },
    understands: null,
    attempts: { failures: 0, fruitless: 0, notBeforeMs: 0 },
    misattributed: [],
  };
}

/** The job in the state in which its run is `name`. */
export function inState(
  job: SupervisedJob,
  run: Run,
  name: "starting" | "running" | "lost" = "running",
): SupervisedJob {
  return { ...job, state: { name, since: run.startedAt, run } };
}

export const logOf = (state: string): string => readFileSync(logPath(state, "job"), "utf8");

/** Polls until `look` gives something true; fails with `what` when that takes absurdly long. */
export async function until<T>(what: string, look: () => T, limitMs = 60_000): Promise<NonNullable<T>> {
  const end = performance.now() + limitMs;
  for (;;) {
    const seen = look();
    if (seen) return seen;
    if (performance.now() > end) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

export function readOr(path: string, otherwise = ""): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return otherwise;
  }
}
