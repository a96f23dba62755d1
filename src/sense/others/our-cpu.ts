/**
 * What is ours at one moment: CPU time of every live run, of the supervisor and of its helper
 * processes, beside the machine's. Two moments make a window. Where a run can't be followed through
 * a window the window isn't `certain`: then total − ours says only how much others might use.
 */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { bootSeconds } from "../../clock.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import { ProcessTree } from "../owners/tree.ts";
import { KeptFiles } from "../proc/kept-file.ts";
import { type CpuTimes, parseCgroupCpu, TICKS_PER_SECOND } from "../proc/parse.ts";
import { isDead, readStat } from "../proc/process.ts";
import { type ProcessTable, sum, ticksBetween } from "./accounts.ts";

/** Reading fewer cgroups than this costs no more than asking whether they must be read. */
const WORTH_ASKING_ABOVE = 4;

const MS_PER_TICK = 1000 / TICKS_PER_SECOND;

export interface Moment {
  atMs: number;
  /** Ticks since boot: a process with a later start time is younger than this moment. */
  bootTicks: number;
  cpu: CpuTimes;
  /** Milliseconds of CPU by run id, of runs with a cgroup. */
  cgroups: ReadonlyMap<string, number>;
  /** By run id, of runs without. */
  trees: ReadonlyMap<string, ProcessTable>;
  /** The supervisor and its helpers; null in the guard's moments, which look at less. */
  own: ProcessTable | null;
  /** Milliseconds of CPU of the supervisor's own process. */
  selfMs: number;
  /** Launchers of the live runs. */
  launchers: ReadonlySet<number>;
}

/** Ticks used between two moments. */
export interface Window {
  sinceMs: number;
  /** All processors together, idle time included. */
  all: number;
  processes: number;
  nice: number;
  interrupts: number;
  runs: Map<string, number>;
  ours: number;
  /** All of ours is known exactly, so what remains is others'. */
  certain: boolean;
}

export class Ours {
  readonly #supervisorPid: number;
  readonly #files = new KeptFiles();
  readonly #helpers = new ProcessTree(this.#files, { mainThreadOnly: true });
  /** Runs whose cgroup doesn't tell all; for good, since nothing brings a process back. */
  readonly #escaped = new Set<string>();
  /** The same in all cgroups of a machine. */
  #cpuFile: string | null = null;
  /** Of the cgroups at the last look, and of the one above them: while that stands still, so do they. */
  #cgroups: ReadonlyMap<string, number> = new Map();
  #above: { path: string; used: number } | null = null;
  readonly #trees = new Map<string, ProcessTree>();

  constructor(supervisorPid: number) {
    this.#supervisorPid = supervisorPid;
  }

  /** `full` false: the runs' cgroups only, as the guard needs it. */
  look(cpu: CpuTimes, runs: readonly LiveRun[], atMs: number, full: boolean): Moment {
    const cgroups = new Map<string, number>();
    const atRest = this.#areAtRest(runs);
    const trees = new Map<string, ProcessTable>();
    const launchers = new Set<number>();
    for (const run of runs) {
      if (run.launcherPid !== null) launchers.add(run.launcherPid);
      const grouped = run.cpuCgroup !== null && !this.#escaped.has(run.id);
      const rested = atRest ? this.#cgroups.get(run.id) : undefined;
      const used = grouped ? (rested ?? this.#cgroupCpu(run.cpuCgroup as string)) : null;
      if (used !== null) cgroups.set(run.id, used);
      else if (full) trees.set(run.id, this.#lookAtTree(run));
    }
    this.#cgroups = cgroups;
    if (full) {
      for (const id of this.#trees.keys()) if (!trees.has(id)) this.#trees.delete(id);
    }
    const own = full ? this.#helpers.look([this.#supervisorPid], launchers) : null;
    if (full) this.#files.sweep();
    const bootTicks = full ? bootSeconds() * TICKS_PER_SECOND : Number.POSITIVE_INFINITY;
    return { atMs, bootTicks, cpu, cgroups, trees, own, selfMs: this.#selfMs(own), launchers };
  }

  close(): void {
    this.#files.close();
  }

  /** From now on this run is followed by its tree, as if it had no cgroup. */
  distrustCgroup(runId: string): void {
    this.#escaped.add(runId);
  }

  /** A process of a run without a cgroup that was found outside its tree. */
  adopt(runId: string, stat: Parameters<ProcessTree["adopt"]>[0]): void {
    this.#trees.get(runId)?.adopt(stat);
  }

  /** The one above all cgroups of runs counts them too, so one read may tell that none has used anything. */
  #areAtRest(runs: readonly LiveRun[]): boolean {
    const first = runs.find(({ cpuCgroup }) => cpuCgroup !== null)?.cpuCgroup;
    if (runs.length < WORTH_ASKING_ABOVE || first === undefined || first === null) return false;
    const path = dirname(first);
    if (!runs.every(({ cpuCgroup }) => cpuCgroup === null || dirname(cpuCgroup) === path)) return false;
    const before = this.#above;
    const used = this.#cgroupCpu(path);
    this.#above = used === null ? null : { path, used };
    return before !== null && before.path === path && before.used === used;
  }

  /** Milliseconds of CPU used in a cgroup (v1 or v2) since it was made; null when it can't be read. */
  #cgroupCpu(directory: string): number | null {
    this.#cpuFile ??=
      ["cpuacct.usage", "cpu.stat"].find((name) => existsSync(`${directory}/${name}`)) ?? null;
    const text = this.#cpuFile && this.#files.read(`${directory}/${this.#cpuFile}`);
    return text === null ? null : parseCgroupCpu(text);
  }

  #lookAtTree(run: LiveRun): ProcessTable {
    let tree = this.#trees.get(run.id);
    if (!tree) {
      tree = new ProcessTree(this.#files);
      this.#trees.set(run.id, tree);
    }
    return tree.look([run.launcherPid, run.pid].filter((pid) => pid !== null));
  }

  #selfMs(own: ProcessTable | null): number {
    if (this.#supervisorPid === process.pid) {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    }
    const stat = own?.get(this.#supervisorPid) ?? readStat(this.#supervisorPid);
    return (stat?.own ?? 0) * MS_PER_TICK;
  }

  /** Between an earlier moment and a full one; null when no time has passed on the machine's clock. */
  between(before: Moment, after: Moment, runs: readonly LiveRun[]): Window | null {
    const all = after.cpu.all - before.cpu.all;
    if (all <= 0) return null;
    const used = new Map<string, number>();
    let certain = true;
    for (const { id } of runs) {
      const ms = after.cgroups.get(id);
      const earlier = before.cgroups.get(id);
      const tree = after.trees.get(id);
      if (ms !== undefined && earlier !== undefined) used.set(id, Math.max(0, ms - earlier) / MS_PER_TICK);
      else certain = false;
      if (tree) used.set(id, treeTicks(before.trees.get(id), tree, before.bootTicks));
    }
    // What a run used that ended in between can't be read any more.
    for (const id of before.cgroups.keys()) if (!after.cgroups.has(id)) certain = false;
    for (const id of before.trees.keys()) if (!after.trees.has(id)) certain = false;
    const helpers = this.#helperTicks(before, after);
    const self = Math.max(0, after.selfMs - before.selfMs) / MS_PER_TICK;
    return {
      sinceMs: before.atMs,
      all,
      processes: Math.max(0, after.cpu.processes - before.cpu.processes),
      nice: Math.max(0, after.cpu.nice - before.cpu.nice),
      interrupts: Math.max(0, after.cpu.interrupts - before.cpu.interrupts),
      runs: used,
      ours: sum(used.values()) + self + (helpers ?? 0),
      certain: certain && helpers !== null,
    };
  }

  /** Ticks of helper processes; null when a launcher's end has mixed a run's time into ours. */
  #helperTicks(before: Moment, after: Moment): number | null {
    const supervisor = this.#supervisorPid;
    if (!before.own || !after.own) return (after.own?.size ?? 1) > 1 ? null : 0;
    const reaped = (after.own.get(supervisor)?.reaped ?? 0) > (before.own.get(supervisor)?.reaped ?? 0);
    const mixed = reaped && [...before.launchers].some(isGone);
    const ticks = ticksBetween(
      before.own,
      after.own,
      ({ startTime }) => startTime >= before.bootTicks,
      ({ pid }) => pid !== supervisor || !mixed,
    );
    const own = ticks.get(supervisor) ?? 0;
    const alone = (after.own.get(supervisor)?.own ?? 0) - (before.own.get(supervisor)?.own ?? 0);
    return mixed ? null : sum(ticks.values()) - Math.min(own, Math.max(0, alone));
  }
}

function treeTicks(before: ProcessTable | undefined, after: ProcessTable, bootTicks: number): number {
  const isNew = ({ startTime }: { startTime: number }): boolean => startTime >= bootTicks;
  return sum(ticksBetween(before ?? new Map(), after, isNew, () => true).values());
}

const isGone = (pid: number): boolean => {
  const stat = readStat(pid);
  return stat === null || isDead(stat);
};
