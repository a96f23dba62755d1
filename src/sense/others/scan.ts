/**
 * One look at every process of the machine (15–30 µs each): whose each is. Only taken when others seem
 * to use the CPU. What two such looks prove is in prove.ts.
 */

import { ENV } from "../../contract.ts";
import type { Claim } from "../../model.ts";
import type { LiveRun } from "../../ports.ts";
import { childrenIn, type ProcessTable } from "../accounts.ts";
import { readOnce } from "../kept-file.ts";
import { ClaimedProcesses } from "../owners/claimed-processes.ts";
import { type ProcessStat, parsePids } from "../parse.ts";
import { isDead, listPids, readRunId, readStat, uidOf } from "../process.ts";

/**
 * `nobody`: whose it is can't be told, so that it is neither ours nor evidence against others. `claimed`:
 * a supervised job's of another supervisor, who isn't somebody that needs the machine.
 */
export type Owner = { run: string } | "supervisor" | "claimed" | "foreign" | "kernel" | "nobody";

export interface Scan {
  atMs: number;
  bootTicks: number;
  /** Ticks of all processors since boot, idle time included. */
  cpuAll: number;
  table: ProcessTable;
  owners: ReadonlyMap<number, Owner>;
  /** Runs with processes at work outside of their cgroup, which then doesn't tell all that they use. */
  escaped: ReadonlySet<string>;
  /** Reapers of orphans: what they have waited for may have been anybody's. */
  reapers: ReadonlySet<number>;
}

export class Scanner {
  readonly #supervisorPid: number;
  /** Processes that were once seen to be a run's: a child stays ours when it leaves the tree. */
  #ours = new Map<number, { startTime: number; run: string }>();
  /** Processes whose environment was read and names no run of ours. */
  #strangers = new Map<number, number>();
  /** Of this supervisor's life, so that what an ended run left behind isn't taken for somebody else's. */
  readonly #runIds = new Set<string>();
  readonly #claimed = new ClaimedProcesses();

  constructor(supervisorPid: number) {
    this.#supervisorPid = supervisorPid;
  }

  scan(
    runs: readonly LiveRun[],
    trees: ReadonlyMap<string, ProcessTable>,
    at: { atMs: number; bootTicks: number; cpuAll: number },
    claims: readonly Claim[] = [],
  ): Scan {
    const table = new Map<number, ProcessStat>();
    for (const pid of listPids()) {
      const stat = readStat(pid);
      if (stat) table.set(pid, stat);
    }
    const owners = this.#owners(table, runs, trees, claims);
    const escaped = new Set(runs.filter((run) => hasEscaped(run, table, owners)).map(({ id }) => id));
    return { ...at, table, owners, escaped, reapers: reapersIn(table, owners) };
  }

  #owners(
    table: ProcessTable,
    runs: readonly LiveRun[],
    trees: ReadonlyMap<string, ProcessTable>,
    claims: readonly Claim[],
  ): Map<number, Owner> {
    const owners = new Map<number, Owner>();
    const children = childrenIn(table);
    /** Whoever claims a process first has it, with all below it. */
    const claim = (owner: Owner, roots: Iterable<number>): void => {
      const open = [...roots];
      for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
        if (owners.has(pid) || !table.has(pid)) continue;
        owners.set(pid, owner);
        open.push(...(children.get(pid) ?? []));
      }
    };
    for (const run of runs) {
      this.#runIds.add(run.id);
      const roots = [run.launcherPid, run.pid].filter((pid) => pid !== null);
      const grouped =
        run.cpuCgroup === null ? [] : parsePids(readOnce(`${run.cpuCgroup}/cgroup.procs`, true) ?? "");
      claim({ run: run.id }, [...roots, ...grouped, ...(trees.get(run.id)?.keys() ?? [])]);
    }
    for (const [pid, known] of this.#ours) {
      if (table.get(pid)?.startTime === known.startTime) claim({ run: known.run }, [pid]);
    }
    claim("supervisor", [this.#supervisorPid]);
    for (const pid of this.#claimed.find(table, children, claims))
      if (!owners.has(pid)) owners.set(pid, "claimed");
    for (const stat of table.values()) {
      const run = owners.has(stat.pid) || stat.kernel ? null : this.#runOf(stat);
      if (run) claim({ run }, [stat.pid]);
    }
    const sessions = this.#sessionsOf(table, owners);
    for (const stat of table.values()) {
      if (!owners.has(stat.pid)) owners.set(stat.pid, this.#ownerOfOther(stat, sessions));
    }
    this.#remember(table, owners);
    return owners;
  }

  /** The run of ours in its environment, looked for once per process. */
  #runOf(stat: ProcessStat): string | null {
    if (this.#strangers.get(stat.pid) === stat.startTime) return null;
    // Reading the environment of a process stuck in the kernel could keep us waiting.
    if (stat.state === "D" || isDead(stat)) return null;
    const run = readRunId(stat.pid, ENV.runId);
    if (run !== undefined && run !== null && this.#runIds.has(run)) return run;
    if (run !== undefined || isOtherUsers(stat.pid)) this.#strangers.set(stat.pid, stat.startTime);
    return null;
  }

  #ownerOfOther(stat: ProcessStat, sessions: ReadonlySet<number>): Owner {
    if (stat.kernel) return "kernel";
    const stranger = this.#strangers.get(stat.pid) === stat.startTime;
    return stranger && !sessions.has(stat.session) ? "foreign" : "nobody";
  }

  /** Sessions of our runs; the one that the supervisor was started in is also others'. */
  #sessionsOf(table: ProcessTable, owners: ReadonlyMap<number, Owner>): Set<number> {
    const sessions = new Set<number>();
    for (const [pid, owner] of owners)
      if (typeof owner === "object") sessions.add(table.get(pid)?.session ?? 0);
    sessions.delete(table.get(this.#supervisorPid)?.session ?? 0);
    sessions.delete(0);
    return sessions;
  }

  #remember(table: ProcessTable, owners: ReadonlyMap<number, Owner>): void {
    this.#ours = new Map();
    for (const [pid, owner] of owners) {
      const startTime = table.get(pid)?.startTime;
      if (typeof owner === "object" && startTime !== undefined)
        this.#ours.set(pid, { startTime, run: owner.run });
    }
    for (const [pid, startTime] of this.#strangers) {
      if (table.get(pid)?.startTime !== startTime) this.#strangers.delete(pid);
    }
  }
}

/** Ticks that a process of a run has used before it matters where it is: the launcher never gets there. */
const AT_WORK = 20;

/** It never joined its cgroup, or left it (for a scope of systemd, a container). */
function hasEscaped(run: LiveRun, table: ProcessTable, owners: ReadonlyMap<number, Owner>): boolean {
  if (run.cpuCgroup === null) return false;
  const inside = new Set(parsePids(readOnce(`${run.cpuCgroup}/cgroup.procs`, true) ?? ""));
  for (const [pid, owner] of owners) {
    if (typeof owner !== "object" || owner.run !== run.id || inside.has(pid)) continue;
    const stat = table.get(pid);
    if (stat && stat.own >= AT_WORK && !isDead(stat) && pid !== run.launcherPid) return true;
  }
  return false;
}

/** pid 1 and its children, and whatever is above a supervised process: orphans of those may end there. */
function reapersIn(table: ProcessTable, owners: ReadonlyMap<number, Owner>): Set<number> {
  const reapers = new Set<number>([1]);
  for (const { pid, parent } of table.values()) if (parent <= 1) reapers.add(pid);
  for (const [pid, owner] of owners) {
    if (typeof owner !== "object" && owner !== "supervisor" && owner !== "claimed") continue;
    let above = table.get(pid)?.parent;
    for (let hops = 0; above !== undefined && above > 0 && hops < 64; hops++) {
      const holder = owners.get(above);
      if (typeof holder !== "object" && holder !== "claimed") reapers.add(above);
      above = table.get(above)?.parent;
    }
  }
  return reapers;
}

const isOtherUsers = (pid: number): boolean => {
  const uid = uidOf(pid);
  return uid !== null && uid !== process.getuid?.();
};
