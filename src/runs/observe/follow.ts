/**
 * What is known of one run between ticks: its launcher, its first process, its cgroup. A launcher that
 * is our child and the records of an earlier supervisor's launcher give the same picture. Must never
 * take a run for dead while its launcher may still be about to start it.
 */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { elapsedMs } from "../../clock.ts";
import {
  cgroupRecord,
  formerLauncherRecord,
  launcherRecord,
  pidRecord,
  runDirectory,
  statusDirectory,
} from "../../files/state-paths.ts";
import type { Seen } from "../../model/seen.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import { isAlive, isDead, type KnownProcess, readStat } from "../../sense/proc/process.ts";
import { Container } from "../containers/container.ts";
import { membersOf } from "../launch/cgroup.ts";
import type { Begun } from "../launch/rewrite-records.ts";
import type { KnownRun } from "../signal/listeners.ts";
import { isOfThisBoot, readPidRecord } from "./launcher-records.ts";
import type { RankMemory } from "./read-ranks.ts";
import { NamedRanks } from "./world-size.ts";

export interface Followed {
  readonly id: string;
  readonly job: string;
  readonly stateDirectory: string;
  readonly directory: string;
  readonly statusDirectory: string;
  /** The first look, on this process's own clock. */
  readonly sinceMs: number;
  /** `ours`: our child, whose exit we receive. `found`: only /proc and the records tell. */
  launcher: "launching" | "ours" | "ended" | "found";
  launcherPid: number | null;
  /** As its record named it: the record may be removed later. */
  launcherSeen: KnownProcess | null;
  /** The job's first process; null until its record exists. */
  main: KnownProcess | null;
  /** At the last look. */
  mainAlive: boolean;
  /** Null for a run without one, and as long as `cgroupKnown` is false. */
  cgroup: string | null;
  /** The job has begun, so it has joined its cgroup or never will. */
  cgroupKnown: boolean;
  /** The container that it runs in, if any; undefined until its job has begun. */
  container: Container | null | undefined;
  /** A look after the run's end found no process; none can come back. */
  gone: boolean;
  /** Whether any process listens for the pause signal, how many ranks there are, and when that was last checked. */
  closer: { seen: Pick<Seen, "signalCaught" | "worldSize">; atMs: number };
  readonly named: NamedRanks;
  /** The sequence of a ring that no process could hear yet. */
  unheard: number | null;
  /** Third-party processes signalled so far, with the sequence: each is rung once per word. */
  readonly rung: Set<string>;
  readonly ranks: RankMemory;
  /** When to look again for the reports of a run that has none, on this process's own clock. */
  silentUntilMs: number;
  /** Pids of ranks in its container, by `<pid inside> <start time>`. */
  readonly outerPids: Map<string, number>;
  /** When each rank was last seen alive on this machine, in seconds since boot, by `<pid> <start time>`. */
  readonly ranksSeen: Map<string, number>;
}

export function newlyFollowed(id: string, job: string, stateDirectory: string): Followed {
  return {
    id,
    job,
    stateDirectory,
    directory: runDirectory(stateDirectory, id),
    statusDirectory: statusDirectory(stateDirectory, id),
    sinceMs: elapsedMs(),
    launcher: "found",
    launcherPid: null,
    launcherSeen: null,
    main: null,
    mainAlive: false,
    cgroup: null,
    cgroupKnown: false,
    container: undefined,
    gone: false,
    closer: { seen: { signalCaught: null }, atMs: Number.NEGATIVE_INFINITY },
    named: new NamedRanks(),
    unheard: null,
    rung: new Set(),
    ranks: { files: new Map() },
    silentUntilMs: 0,
    outerPids: new Map(),
    ranksSeen: new Map(),
  };
}

/** Updates what is known of launcher and first process. `launcherAlive`: a record may still come. */
export function look(run: Followed): { launcherAlive: boolean } {
  if (run.main === null) {
    const record = readPidRecord(pidRecord(run.stateDirectory, run.id));
    // The run ended with its boot.
    if (record && !isOfThisBoot(record)) run.launcher = "ended";
    else if (record) run.main = { pid: record.pid, startTime: record.startTime };
  }
  const launcherAlive = isLauncherAlive(run);
  if (run.main === null) run.mainAlive = launcherAlive;
  // Our own launcher waits for it, and is still there.
  else run.mainAlive = run.launcher === "ours" || isAlive(run.main.pid, run.main.startTime);
  if (!run.cgroupKnown && run.main) {
    run.cgroup = joinedCgroup(run);
    run.cgroupKnown = true;
    run.container = Container.of(run.stateDirectory, run.id);
  }
  if (run.container && run.launcher !== "ours") run.mainAlive ||= run.container.first !== null;
  return { launcherAlive };
}

/** The run as sensing and signalling need it: only pids of processes known to be alive. */
export function asLiveRun(run: Followed): KnownRun & LiveRun {
  const { container } = run;
  const main = container?.first ?? (run.mainAlive ? run.main : null);
  return {
    id: run.id,
    job: run.job,
    launcherPid: run.launcherPid,
    pid: main?.pid ?? null,
    startTime: main?.startTime ?? null,
    cpuCgroup: container ? container.cpuCgroup : run.cgroup,
    ...(container?.id && { container: container.id }),
  };
}

/** Its processes, where the job has begun and was alive at the last look; else null. */
export function asBegun(run: Followed): Begun | null {
  const { main, mainAlive, launcher, launcherPid, cgroup, container } = run;
  if (main === null || !mainAlive || launcher === "ended") return null;
  const stat = launcherPid === null ? null : readStat(launcherPid);
  const contained = container?.id ? { client: container.client, id: container.id } : undefined;
  return {
    main,
    cgroup,
    ...(contained && { container: contained }),
    launcher: stat === null || isDead(stat) ? null : stat,
  };
}

function isLauncherAlive(run: Followed): boolean {
  if (run.launcher === "launching" || run.launcher === "ours") return true;
  if (run.launcher === "ended") return false;
  const launcher = findOrVoidLauncher(run);
  if (launcher === "being written") return true;
  const alive = launcher !== null && isAlive(launcher.pid, launcher.startTime);
  // The kernel may have reused the pid for another process.
  run.launcherPid = alive ? launcher.pid : null;
  return alive;
}

const VOID = "void: a supervisor found this run before its launcher began\n";
const BEING_WRITTEN_MS = 5_000;

/**
 * The run's launcher, by its record. Without a record the launcher has not begun: we create the record
 * in its place, so that it never begins, however late it comes. Null: the run has no launcher and never
 * gets one.
 */
function findOrVoidLauncher(run: Followed): KnownProcess | "being written" | null {
  const path = launcherRecord(run.stateDirectory, run.id);
  const record = readPidRecord(path) ?? readPidRecord(formerLauncherRecord(run.stateDirectory, run.id));
  if (record && !isOfThisBoot(record)) return null;
  if (record) run.launcherSeen = { pid: record.pid, startTime: record.startTime };
  if (run.launcherSeen !== null) return run.launcherSeen;
  try {
    const file = openSync(path, "wx", 0o600);
    writeSync(file, VOID);
    closeSync(file);
    return null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") return null;
  }
  // Timed by our own clock: a file's mtime depends on a clock that can be set.
  const watchedMs = elapsedMs() - run.sinceMs;
  return watchedMs < BEING_WRITTEN_MS && readOrEmpty(path) !== VOID ? "being written" : null;
}

/** Null when the run has no cgroup, or its job couldn't join it: that cgroup would account for nothing. */
function joinedCgroup(run: Followed): string | null {
  const directory = readOrEmpty(cgroupRecord(run.stateDirectory, run.id));
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
