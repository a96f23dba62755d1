/**
 * What is known of one run between ticks: its launcher, its first process, its cgroup. The same
 * from a launcher that is our child and from records that an earlier supervisor's launcher left.
 * Must never take a run for dead while its launcher may still be about to start it.
 */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { elapsedMs } from "../../clock.ts";
import {
  cgroupRecord,
  launcherRecord,
  pidRecord,
  runDirectory,
  statusDirectory,
} from "../../files/state-paths.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import { isAlive } from "../../sense/proc/process.ts";
import { membersOf } from "../launch/cgroup.ts";
import type { KnownRun } from "../signal/ring.ts";
import type { Target } from "../signal/send-signal.ts";
import { readPidRecord } from "./launcher-records.ts";
import type { RankMemory } from "./read-ranks.ts";

export interface Followed {
  readonly id: string;
  readonly job: string;
  readonly directory: string;
  readonly statusDirectory: string;
  /** When it was first looked at, on this process's own clock. */
  readonly sinceMs: number;
  /** `ours`: its end will be told to us. `found`: only /proc and the records tell. */
  launcher: "launching" | "ours" | "ended" | "found";
  launcherPid: number | null;
  /** The job's first process; null until its record is there. */
  main: Target | null;
  /** As of the last look. */
  mainAlive: boolean;
  /** Undefined until it is known whether the job has joined it. */
  cgroup: string | null | undefined;
  /** Nothing of the run was left at a look after its end; nothing can come back. */
  gone: boolean;
  /** Whether anybody would react to the pause signal, and when that was looked at. */
  caught: { value: boolean | null; atMs: number };
  /** The sequence of a ring that reached nobody yet. */
  unheard: number | null;
  /** Third-party processes that were signalled, with the sequence: they are never rung twice. */
  readonly rung: Set<string>;
  readonly ranks: RankMemory;
  /** A run that has never reported is asked again from then on, on this process's own clock. */
  silentUntilMs: number;
  /** Ranks whose process was seen alive on this machine, as `<pid> <start time>`. */
  readonly ranksSeen: Set<string>;
}

export function newlyFollowed(id: string, job: string, stateDirectory: string): Followed {
  return {
    id,
    job,
    directory: runDirectory(stateDirectory, id),
    statusDirectory: statusDirectory(stateDirectory, id),
    sinceMs: elapsedMs(),
    launcher: "found",
    launcherPid: null,
    main: null,
    mainAlive: false,
    cgroup: undefined,
    gone: false,
    caught: { value: null, atMs: Number.NEGATIVE_INFINITY },
    unheard: null,
    rung: new Set(),
    ranks: { files: new Map() },
    silentUntilMs: 0,
    ranksSeen: new Set(),
  };
}

/** Reads what has changed of launcher and first process. `launcherAlive`: a record may still come. */
export function look(run: Followed, stateDirectory: string): { launcherAlive: boolean } {
  const launcherAlive = isLauncherAlive(run, stateDirectory);
  if (run.main === null) {
    const record = readPidRecord(pidRecord(stateDirectory, run.id));
    if (record) run.main = { pid: record.pid, startTime: record.startTime };
  }
  if (run.main === null) run.mainAlive = launcherAlive;
  // Our own launcher waits for it, and has not ended.
  else run.mainAlive = run.launcher === "ours" || isAlive(run.main.pid, run.main.startTime);
  if (run.cgroup === undefined && run.main) run.cgroup = joinedCgroup(run, stateDirectory);
  return { launcherAlive };
}

/** The run as sensing and signalling need it: pids only of processes that are known to be alive. */
export function asLiveRun(run: Followed): KnownRun & LiveRun {
  const main = run.mainAlive ? run.main : null;
  return {
    id: run.id,
    job: run.job,
    launcherPid: run.launcherPid,
    pid: main?.pid ?? null,
    startTime: main?.startTime ?? null,
    cpuCgroup: run.cgroup ?? null,
  };
}

function isLauncherAlive(run: Followed, stateDirectory: string): boolean {
  if (run.launcher === "launching" || run.launcher === "ours") return true;
  if (run.launcher === "ended") return false;
  const claim = readLauncherRecord(launcherRecord(stateDirectory, run.id), elapsedMs() - run.sinceMs);
  if (claim === "being written") return true;
  const alive = claim !== null && isAlive(claim.pid, claim.startTime);
  // A launcher's pid that has been given to somebody else must not be followed.
  run.launcherPid = alive ? claim.pid : null;
  return alive;
}

const TAKEN = "taken by a supervisor: this run was never begun\n";
const BEING_WRITTEN_MS = 5_000;

/**
 * Who has the run. With no claim at all the launcher has not begun: it is taken here, so that it
 * never can, however late it comes. Null: nobody, and nobody ever will. `watchedMs`: since our first
 * look, on a clock that nobody can set, unlike a file's own time.
 */
function readLauncherRecord(path: string, watchedMs: number): Target | "being written" | null {
  const record = readPidRecord(path);
  if (record) return { pid: record.pid, startTime: record.startTime };
  try {
    const claim = openSync(path, "wx", 0o600);
    writeSync(claim, TAKEN);
    closeSync(claim);
    return null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") return null;
  }
  return watchedMs < BEING_WRITTEN_MS && readOrEmpty(path) !== TAKEN ? "being written" : null;
}

/** Null when the run has no cgroup, or the launcher couldn't join it: its accounts would be empty. */
function joinedCgroup(run: Followed, stateDirectory: string): string | null {
  const directory = readOrEmpty(cgroupRecord(stateDirectory, run.id));
  if (directory === "") return null;
  return !run.mainAlive || membersOf(directory).length > 0 ? directory : null;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
