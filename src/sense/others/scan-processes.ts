/**
 * Scans every process of the machine (15–30 µs each) for its owner. Only while others seem to use the CPU.
 * What two scans prove is in scan-evidence.ts.
 */

import type { Claim } from "../../model/machine.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import { claimOf, type Owner, runOf } from "../owners/owner.ts";
import { parentsOf } from "../owners/parents.ts";
import type { ProcessOwners } from "../owners/process-owners.ts";
import { hiddenUsers } from "../proc/hidden-users.ts";
import type { ProcessStat } from "../proc/parse.ts";
import { isDead, listPids, readStat } from "../proc/process.ts";
import type { ClaimedCpu } from "./claimed-cpu.ts";
import type { ProcessTable } from "./cpu-ticks.ts";

export interface ProcessScan {
  atMs: number;
  bootTicks: number;
  /** Ticks of all processors since boot, idle time included. */
  cpuAll: number;
  table: ProcessTable;
  owners: ReadonlyMap<number, Owner>;
  /** Runs with busy processes outside their cgroup, which then understates their use. */
  escaped: ReadonlySet<string>;
  /** A busy process of another supervisor's job is in no cgroup that is followed, so that its use would be others'. */
  claimEscaped: boolean;
  /** Processes that reap orphans: the time of what they reaped may be anyone's. */
  reapers: ReadonlySet<number>;
  /** Why other users' processes are missing from it; null when they are there. */
  hidden: string | null;
}

/** What a scan takes from the snapshot it belongs to. */
export interface ScanAt {
  atMs: number;
  bootTicks: number;
  cpuAll: number;
  /** Processes by run id, followed from the run's roots. */
  trees: ReadonlyMap<string, ProcessTable>;
}

/** Whose processes are known: of our runs, and of other supervisors' jobs. */
interface Known {
  runs: readonly LiveRun[];
  claims: readonly Claim[];
  claimed: ClaimedCpu;
}

export function scanProcesses(
  owners: ProcessOwners,
  { runs, claims, claimed }: Known,
  { trees, ...at }: ScanAt,
): ProcessScan {
  const table = new Map<number, ProcessStat>();
  for (const pid of listPids()) {
    const stat = readStat(pid);
    if (stat) table.set(pid, stat);
  }
  owners.look(runs, claims, (pid) => table.get(pid));
  for (const [run, tree] of trees) owners.adopt(run, tree.values());
  const owned = owners.ownersIn(table);
  const outside = workingOutside(owners, { runs, claimed }, table, owned);
  const reapers = reapersIn(table, owned);
  return { ...at, ...outside, table, owners: owned, reapers, hidden: hiddenUsers() };
}

/** Ticks a process must have used before its place matters; the launcher never gets there. */
const AT_WORK = 20;

/** Whose processes never joined the cgroup that is followed for them, or left it (for a systemd scope, a container). */
function workingOutside(
  owners: ProcessOwners,
  { runs, claimed }: Pick<Known, "runs" | "claimed">,
  table: ProcessTable,
  owned: ReadonlyMap<number, Owner>,
): Pick<ProcessScan, "escaped" | "claimEscaped"> {
  const grouped = new Map(runs.flatMap((run) => (run.cpuCgroup === null ? [] : [[run.id, run]])));
  const escaped = new Set<string>();
  let claimEscaped = false;
  for (const [pid, owner] of owned) {
    const stat = table.get(pid);
    if (stat === undefined || isDead(stat)) continue;
    const run = grouped.get(runOf(owner) ?? "");
    if (run !== undefined && pid !== run.launcherPid && stat.own >= AT_WORK)
      if (owners.groupedRunOf(pid) !== run.id) escaped.add(run.id);
    const claim = claimOf(owner);
    // Before its job has a process, a claim covers the supervisor that starts it. Unlike a run of ours, its job shows
    // nobody what its short-lived children are.
    if (claim !== null && pid !== claim.writer?.pid && stat.own + stat.reaped >= AT_WORK)
      claimEscaped ||= !claimed.counts(pid);
  }
  return { escaped, claimEscaped };
}

/** pid 1 and its children, and every ancestor of a supervised process: its orphans may be reaped there. */
function reapersIn(table: ProcessTable, owners: ReadonlyMap<number, Owner>): Set<number> {
  const isSupervised = (owner: Owner | undefined): boolean =>
    runOf(owner) !== null || claimOf(owner) !== null;
  const reapers = new Set<number>([1]);
  for (const { pid, parent } of table.values()) if (parent <= 1) reapers.add(pid);
  for (const [pid, owner] of owners) {
    const stat = isSupervised(owner) || owner === "supervisor" ? table.get(pid) : undefined;
    if (stat === undefined) continue;
    for (const above of parentsOf(stat, (one) => table.get(one)))
      if (!isSupervised(owners.get(above.pid))) reapers.add(above.pid);
  }
  return reapers;
}
