/** What the tests of runs/ start from: a state directory, a job, a run, and waiting for a condition. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { clock } from "../../src/clock.ts";
import { type JobSpec, jobSchema } from "../../src/config/schema/job-schema.ts";
import { newJob } from "../../src/decide/roster.ts";
import { prepareStateDirectory } from "../../src/files/state-directory.ts";
import { logPath } from "../../src/files/state-paths.ts";
import type { Job } from "../../src/model/job.ts";
import type { Run } from "../../src/model/run.ts";
import type { Seen } from "../../src/model/seen.ts";
import type { PauseRequest } from "../../src/model/state.ts";
import type { Runs } from "../../src/ports/runs.ts";
import { createRuns } from "../../src/runs/create-runs.ts";
import { makeCgroup, NO_CGROUP, removeCgroup } from "../../src/runs/launch/cgroup.ts";
import { pythonPath } from "../python-path.ts";
import { until } from "../until.ts";

export { until };

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
): Job {
  return newJob(jobSchema.parse({ name: "job", command, cwd: tmpdir(), ...more }), "config", clock.now());
}

/** The job in the state in which its run is `name`. */
export function inState(
  job: Job,
  run: Run,
  name: "starting" | "running" | "pausing" | "frozen" | "lost",
): Job {
  const cause = { actor: "user", reason: "A test asks.", critical: false } as const;
  const since = run.startedAt;
  if (name === "frozen") return { ...job, state: { name, since, run, cause } };
  if (name !== "pausing") return { ...job, state: { name, since, run } };
  const request: PauseRequest = {
    method: "checkpoint",
    cause,
    sequence: 1,
    askedAt: since,
    acknowledgedAt: null,
    lastRingMs: 0,
    deadlineMs: Number.POSITIVE_INFINITY,
    bytesSaved: 0,
    overdue: null,
    stepAtRequest: null,
    availableMiBAtRequest: null,
  };
  return { ...job, state: { name, since, run, request } };
}

/** One run and the means to look at it and to act on it. */
export interface Started {
  runs: Runs;
  job: Job;
  run: Run;
  see(name?: Parameters<typeof inState>[2]): Seen;
  perform(what: "freeze" | "thaw" | "terminate" | "kill" | "ring" | "tidy"): ReturnType<Runs["perform"]>;
  ask(want: "run" | "pause" | "standby", sequence?: number): ReturnType<Runs["perform"]>;
  /** Waits for its exit, and for its processes to be gone. */
  end(): Promise<Seen>;
}

/** A run as `runs` sees it. Whatever is left of it is killed after the test. */
export function known(runs: Runs, job: Job, run: Run): Started {
  const started: Started = {
    runs,
    job,
    run,
    see: (name = "running") => runs.observe(inState(job, run, name), run),
    perform: (what) =>
      runs.perform(
        what === "tidy"
          ? { do: what, job: job.name, run, ended: "by the test" }
          : { do: what, job: job.name, run },
        inState(job, run, what === "ring" ? "pausing" : "running"),
      ),
    ask: (want, sequence = 1) =>
      runs.perform({ do: "control", job: job.name, run, want, sequence }, inState(job, run, "pausing")),
    end: () =>
      until("its end", () => {
        const seen = started.see();
        return seen.exit !== null && seen.leftovers.length === 0 ? seen : null;
      }),
  };
  onTestFinished(async () => {
    await started.perform("kill");
    await started.end();
    await started.perform("tidy");
    await runs.close();
  });
  return started;
}

/** Launches a job as a supervisor does, and fails when that fails. */
export async function start(state: string, job: Job, run: Run = givenRun()): Promise<Started> {
  const runs = createRuns({ stateDirectory: state, directory: state });
  const started = known(runs, job, run);
  const effect = { do: "launch", job: job.name, run, resumeFrom: null } as const;
  const done = await runs.perform(effect, inState(job, run, "starting"));
  if (!done.ok) throw new Error(done.reason);
  return started;
}

/** Whether a cgroup can be made on this machine at all. */
export const cgroupsHere = (): boolean => {
  const probe = makeCgroup("/none", `act-probe-${process.pid}`, {});
  return "directory" in probe && removeCgroup(probe.directory);
};

export const hasPython = spawnSync(pythonPath, ["--version"]).status === 0;

/** Cgroups are for accounting only, so what matters is tested with and without them. */
export const WITH_AND_WITHOUT_CGROUP = [
  ["with a cgroup", "0"],
  ["without a cgroup", "1"],
] as const;

export function setNoCgroup(value: string): void {
  const before = process.env[NO_CGROUP];
  process.env[NO_CGROUP] = value;
  onTestFinished(() => {
    if (before === undefined) delete process.env[NO_CGROUP];
    else process.env[NO_CGROUP] = before;
  });
}

export const child = (name: string): string =>
  fileURLToPath(new URL(`../children/${name}.ts`, import.meta.url));

/** What the job has written, without the lines that say where a run begins and ends. */
export const logOf = (state: string): string =>
  readFileSync(logPath(state, "job"), "utf8").replaceAll(/^── .* ──\n/gm, "");

export function readOr(path: string, otherwise = ""): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return otherwise;
  }
}
