/**
 * Our own CPU time at one moment: of every live run, of the supervisor and of its helper processes, beside
 * the machine's and that of other supervisors' jobs. Two such snapshots make a window (cpu-window.ts).
 */
import { dirname } from "node:path";
import { bootSeconds } from "../../clock.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import { ProcessTree } from "../owners/process-tree.ts";
import { rootsOf } from "../owners/run-marks.ts";
import { KeptFiles } from "../proc/kept-file.ts";
import { type CpuTimes, TICKS_PER_SECOND } from "../proc/parse.ts";
import { readStat } from "../proc/process.ts";
import { CgroupCpu } from "./cgroup-cpu.ts";
import type { ClaimedCpu, ClaimedTimes } from "./claimed-cpu.ts";
import type { ProcessTable } from "./cpu-ticks.ts";

/** Below this many cgroups, reading each costs no more than finding out whether it must be read. */
const FEW_CGROUPS = 4;

export const MS_PER_TICK = 1000 / TICKS_PER_SECOND;

export interface CpuSnapshot {
  atMs: number;
  /** Ticks since boot: a process with a later start time is younger than this snapshot. */
  bootTicks: number;
  cpu: CpuTimes;
  /** Milliseconds of CPU by run id, of runs with a cgroup. */
  cgroups: ReadonlyMap<string, number>;
  /** Of other supervisors' jobs. */
  claimed: ClaimedTimes;
  /** Processes by run id, of runs without a cgroup. */
  trees: ReadonlyMap<string, ProcessTable>;
  /** The supervisor and its helpers; null in the guard's snapshots, which hold less. */
  own: ProcessTable | null;
  /** Milliseconds of CPU of the supervisor's own process. */
  selfMs: number;
  /** Launchers of the live runs. */
  launchers: ReadonlySet<number>;
}

export class OurCpu {
  readonly #supervisorPid: number;
  readonly #files = new KeptFiles();
  readonly #helpers = new ProcessTree(this.#files, { mainThreadOnly: true });
  /** Runs with processes outside their cgroup; for good, since nothing moves a process back. */
  readonly #escaped = new Set<string>();
  readonly #cgroupCpu = new CgroupCpu(this.#files);
  readonly #claimed: ClaimedCpu;
  /** CPU time of the cgroups at the last full look, and of their parent: while the parent's stays the same, theirs does. */
  #cgroups: ReadonlyMap<string, number> = new Map();
  #parentCgroup: { path: string; used: number } | null = null;
  readonly #trees = new Map<string, ProcessTree>();

  constructor(supervisorPid: number, claimed: ClaimedCpu) {
    this.#supervisorPid = supervisorPid;
    this.#claimed = claimed;
  }

  /** `full` false: the runs' cgroups alone, which is all that the guard needs. */
  look(cpu: CpuTimes, runs: readonly LiveRun[], atMs: number, full: boolean): CpuSnapshot {
    const cgroups = new Map<string, number>();
    const claimed = this.#claimed.look();
    const atRest = full && this.#areAtRest(runs);
    const trees = new Map<string, ProcessTable>();
    const launchers = new Set<number>();
    for (const run of runs) {
      if (run.launcherPid !== null) launchers.add(run.launcherPid);
      const grouped = run.cpuCgroup !== null && !this.#escaped.has(run.id);
      const rested = atRest ? this.#cgroups.get(run.id) : undefined;
      const used = grouped ? (rested ?? this.#cgroupCpu.read(run.cpuCgroup as string)) : null;
      if (used !== null) cgroups.set(run.id, used);
      else if (full) trees.set(run.id, this.#lookAtTree(run));
    }
    if (full) {
      this.#cgroups = cgroups;
      for (const id of this.#trees.keys()) if (!trees.has(id)) this.#trees.delete(id);
    }
    const own = full ? this.#helpers.look([this.#supervisorPid], launchers) : null;
    if (full) this.#files.sweep();
    const bootTicks = full ? bootSeconds() * TICKS_PER_SECOND : Number.POSITIVE_INFINITY;
    return { atMs, bootTicks, cpu, cgroups, claimed, trees, own, selfMs: this.#selfMs(own), launchers };
  }

  close(): void {
    this.#files.close();
  }

  /** Follows this run by its process tree from now on, as if it had no cgroup. */
  distrustCgroup(runId: string): void {
    this.#escaped.add(runId);
  }

  /** A process of a run without a cgroup that was found outside its tree. */
  adopt(runId: string, stat: Parameters<ProcessTree["adopt"]>[0]): void {
    this.#trees.get(runId)?.adopt(stat);
  }

  /** Whether none of the runs has used CPU since the last full look: their common parent cgroup counts them all, so one read tells. */
  #areAtRest(runs: readonly LiveRun[]): boolean {
    const first = runs.find(({ cpuCgroup }) => cpuCgroup !== null)?.cpuCgroup;
    if (runs.length < FEW_CGROUPS || first === undefined || first === null) return false;
    const path = dirname(first);
    if (!runs.every(({ cpuCgroup }) => cpuCgroup === null || dirname(cpuCgroup) === path)) return false;
    const before = this.#parentCgroup;
    const used = this.#cgroupCpu.read(path);
    this.#parentCgroup = used === null ? null : { path, used };
    return before !== null && before.path === path && before.used === used;
  }

  #lookAtTree(run: LiveRun): ProcessTable {
    let tree = this.#trees.get(run.id);
    if (!tree) {
      tree = new ProcessTree(this.#files);
      this.#trees.set(run.id, tree);
    }
    return tree.look(rootsOf(run));
  }

  #selfMs(own: ProcessTable | null): number {
    if (this.#supervisorPid === process.pid) {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    }
    const stat = own?.get(this.#supervisorPid) ?? readStat(this.#supervisorPid);
    return (stat?.own ?? 0) * MS_PER_TICK;
  }
}
