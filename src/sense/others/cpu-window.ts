/**
 * CPU use between two snapshots. Where a run can't be followed through the whole window, the window isn't
 * `certain`: then total − ours is only the most that others may have used.
 */
import type { LiveRun } from "../../ports/live-run.ts";
import { isDead, readStat } from "../proc/process.ts";
import { claimedBetween } from "./claimed-cpu.ts";
import { type ProcessTable, sum, ticksBetween } from "./cpu-ticks.ts";
import { type CpuSnapshot, MS_PER_TICK } from "./our-cpu.ts";

/** Ticks used between two snapshots. */
export interface CpuWindow {
  sinceMs: number;
  /** All processors together, idle time included. */
  all: number;
  processes: number;
  nice: number;
  interrupts: number;
  runs: Map<string, number>;
  ours: number;
  /** Of other supervisors' jobs; null: unknown. */
  claimed: number | null;
  /** All of ours is known exactly, so the remainder is others'. */
  certain: boolean;
}

/** `after`: a full snapshot. Null when the kernel's counters haven't advanced. */
export function windowBetween(
  before: CpuSnapshot,
  after: CpuSnapshot,
  runs: readonly LiveRun[],
  supervisorPid: number,
): CpuWindow | null {
  const all = after.cpu.all - before.cpu.all;
  if (all <= 0) return null;
  const used = new Map<string, number>();
  let certain = !hasEndedRun(before, after);
  for (const { id } of runs) {
    const ms = after.cgroups.get(id);
    const earlier = before.cgroups.get(id);
    const tree = after.trees.get(id);
    if (ms !== undefined && earlier !== undefined) used.set(id, Math.max(0, ms - earlier) / MS_PER_TICK);
    else certain = false;
    if (tree) used.set(id, treeTicks(before.trees.get(id), tree, before.bootTicks));
  }
  const helpers = helperTicks(before, after, supervisorPid);
  const claimedMs = claimedBetween(before.claimed, after.claimed);
  const self = Math.max(0, after.selfMs - before.selfMs) / MS_PER_TICK;
  return {
    sinceMs: before.atMs,
    all,
    processes: Math.max(0, after.cpu.processes - before.cpu.processes),
    nice: Math.max(0, after.cpu.nice - before.cpu.nice),
    interrupts: Math.max(0, after.cpu.interrupts - before.cpu.interrupts),
    runs: used,
    ours: sum(used.values()) + self + (helpers ?? 0),
    claimed: claimedMs === null ? null : claimedMs / MS_PER_TICK,
    certain: certain && helpers !== null,
  };
}

/** The use of a run that ended within the window can no longer be read. */
function hasEndedRun(before: CpuSnapshot, after: CpuSnapshot): boolean {
  for (const id of before.cgroups.keys()) if (!after.cgroups.has(id)) return true;
  for (const id of before.trees.keys()) if (!after.trees.has(id)) return true;
  return false;
}

/** Ticks of helper processes; null when a launcher's exit has mixed a run's time into the supervisor's. */
function helperTicks(before: CpuSnapshot, after: CpuSnapshot, supervisor: number): number | null {
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

function treeTicks(before: ProcessTable | undefined, after: ProcessTable, bootTicks: number): number {
  const isNew = ({ startTime }: { startTime: number }): boolean => startTime >= bootTicks;
  return sum(ticksBetween(before ?? new Map(), after, isNew, () => true).values());
}

const isGone = (pid: number): boolean => {
  const stat = readStat(pid);
  return stat === null || isDead(stat);
};
