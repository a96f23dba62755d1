/**
 * One look at every process of the machine (15–30 µs each): whose each is. Only taken when others seem
 * to use the CPU. What two such looks prove is in prove.ts.
 */

import type { Claim } from "../../model/machine.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import { claimOf, type Owner, runOf } from "../owners/owner.ts";
import { parentsOf } from "../owners/parents.ts";
import type { ProcessOwners } from "../owners/process-owners.ts";
import type { ProcessStat } from "../proc/parse.ts";
import { isDead, listPids, readStat } from "../proc/process.ts";
import type { ProcessTable } from "./accounts.ts";

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

/** What a moment says of runs and of the machine's clock. */
export interface ScanAt {
  atMs: number;
  bootTicks: number;
  cpuAll: number;
  /** By run id: processes that were followed from the run's roots. */
  trees: ReadonlyMap<string, ProcessTable>;
}

export function scan(
  owners: ProcessOwners,
  runs: readonly LiveRun[],
  { trees, ...at }: ScanAt,
  claims: readonly Claim[] = [],
): Scan {
  const table = new Map<number, ProcessStat>();
  for (const pid of listPids()) {
    const stat = readStat(pid);
    if (stat) table.set(pid, stat);
  }
  owners.look(runs, claims, (pid) => table.get(pid));
  for (const [run, tree] of trees) owners.adopt(run, tree.values());
  const whose = owners.ownersIn(table);
  const escaped = escapedRuns(runs, table, whose, (pid) => owners.groupedRunOf(pid));
  return { ...at, table, owners: whose, escaped, reapers: reapersIn(table, whose) };
}

/** Ticks that a process of a run has used before it matters where it is: the launcher never gets there. */
const AT_WORK = 20;

/** Runs with a process that never joined their cgroup, or left it (for a scope of systemd, a container). */
function escapedRuns(
  runs: readonly LiveRun[],
  table: ProcessTable,
  owners: ReadonlyMap<number, Owner>,
  groupedRunOf: (pid: number) => string | null,
): Set<string> {
  const grouped = new Map(runs.flatMap((run) => (run.cpuCgroup === null ? [] : [[run.id, run]])));
  const escaped = new Set<string>();
  for (const [pid, owner] of owners) {
    const run = grouped.get(runOf(owner) ?? "");
    const stat = run && table.get(pid);
    if (!stat || stat.own < AT_WORK || isDead(stat) || pid === run.launcherPid) continue;
    if (groupedRunOf(pid) !== run.id) escaped.add(run.id);
  }
  return escaped;
}

/** pid 1 and its children, and whatever is above a supervised process: orphans of those may end there. */
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
