/**
 * What two scans prove about processes that aren't ours, and which those are. A process without a certain
 * owner proves nothing, and neither does the time of orphans that a process reaped.
 */
import type { ProcessEvidence } from "../../model/machine.ts";
import { evidenceOf } from "../owners/evidence.ts";
import { claimOf, type Owner, runOf } from "../owners/owner.ts";
import { readOnce } from "../proc/kept-file.ts";
import { PAGES_PER_MIB } from "../proc/page-size.ts";
import { type ProcessStat, parseStatm } from "../proc/parse.ts";
import { sum, ticksBetween } from "./cpu-ticks.ts";
import type { ProcessScan } from "./scan-processes.ts";

/** CPU use between two scans, in ticks. */
export interface ScanEvidence {
  atMs: number;
  all: number;
  foreign: number;
  /** The part of `foreign` by processes without a positive nice value. */
  foreignNotNice: number;
  kernel: number;
  claimed: number;
  /** All that is seen and isn't ours, with whatever its processes reaped. */
  seen: number;
  /** Ticks by pid, of foreign processes. */
  byPid: Map<number, number>;
}

const MOST_EVIDENCE = 10;

export function evidenceBetween(before: ProcessScan, after: ProcessScan): ScanEvidence {
  const isNew = ({ startTime }: ProcessStat): boolean => startTime >= before.bootTicks;
  const ticks = ticksBetween(
    before.table,
    after.table,
    isNew,
    ({ pid }) => !after.reapers.has(pid) && !before.reapers.has(pid),
  );
  const byPid = new Map([...ticks].filter(([pid]) => after.owners.get(pid) === "foreign"));
  const notNice = [...byPid].filter(([pid]) => (after.table.get(pid)?.nice ?? 0) <= 0);
  const of = (isMeant: (owner: Owner | undefined) => boolean): number =>
    sum([...ticks].filter(([pid]) => isMeant(after.owners.get(pid))).map(([, used]) => used));
  return {
    atMs: after.atMs,
    all: after.cpuAll - before.cpuAll,
    foreign: sum(byPid.values()),
    foreignNotNice: sum(notNice.map(([, used]) => used)),
    kernel: of((owner) => owner === "kernel"),
    claimed: of((owner) => claimOf(owner) !== null),
    seen: after.hidden === null ? 0 : seenBetween(before, after, isNew),
    byPid,
  };
}

function seenBetween(before: ProcessScan, after: ProcessScan, isNew: (stat: ProcessStat) => boolean): number {
  const isOurs = (owner: Owner | undefined): boolean => runOf(owner) !== null || owner === "supervisor";
  const ticks = ticksBetween(before.table, after.table, isNew, () => true);
  return sum([...ticks].filter(([pid]) => !isOurs(after.owners.get(pid))).map(([, used]) => used));
}

/** The foreign processes that used most, in percent of the machine, and the most that another one used. */
export function topConsumers(
  scan: ProcessScan,
  evidence: ScanEvidence,
): { foreign: ProcessEvidence[]; unlisted: number } {
  const percent = (ticks: number): number => round((100 * ticks) / evidence.all);
  const sorted = [...evidence.byPid].sort((a, b) => b[1] - a[1]);
  const foreign = sorted.slice(0, MOST_EVIDENCE).flatMap(([pid, ticks]) => {
    const stat = scan.table.get(pid);
    return stat ? [{ ...withMemory(stat), cpuPercent: percent(ticks) }] : [];
  });
  return { foreign, unlisted: percent(sorted[MOST_EVIDENCE]?.[1] ?? 0) };
}

/** With one scan alone: foreign processes that are on a processor now, most CPU time first, without a percentage. */
export function runningProcesses(scan: ProcessScan): ProcessEvidence[] {
  return [...scan.table.values()]
    .filter(({ pid, state }) => state === "R" && scan.owners.get(pid) === "foreign")
    .sort((a, b) => b.own - a.own)
    .slice(0, MOST_EVIDENCE)
    .map(withMemory);
}

function withMemory(stat: ProcessStat): ProcessEvidence {
  const pages = parseStatm(readOnce(`/proc/${stat.pid}/statm`) ?? "");
  return { ...evidenceOf(stat), ...(pages && { memoryMiB: Math.round(pages.resident / PAGES_PER_MIB) }) };
}

const round = (percent: number): number => Math.round(percent * 10) / 10;
