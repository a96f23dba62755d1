/**
 * What two scans prove about processes that aren't ours, and who those are. A process whose owner isn't
 * certain proves nothing, and neither does time that a reaper of orphans has waited for.
 */
import type { ProcessEvidence } from "../../model/machine.ts";
import { evidenceOf } from "../owners/evidence.ts";
import { claimOf, type Owner } from "../owners/owner.ts";
import { readOnce } from "../proc/kept-file.ts";
import { PAGES_PER_MIB } from "../proc/page-size.ts";
import { type ProcessStat, parseStatm } from "../proc/parse.ts";
import { sum, ticksBetween } from "./accounts.ts";
import type { Scan } from "./scan.ts";

/** What two scans prove, in ticks. */
export interface Proof {
  atMs: number;
  all: number;
  foreign: number;
  /** Of `foreign`, by processes that aren't niced. */
  foreignNotNice: number;
  kernel: number;
  claimed: number;
  /** Ticks by pid, of foreign processes. */
  byPid: Map<number, number>;
}

const MOST_EVIDENCE = 10;

/** What was used between two scans, and by whom. */
export function prove(before: Scan, after: Scan): Proof {
  const ticks = ticksBetween(
    before.table,
    after.table,
    ({ startTime }) => startTime >= before.bootTicks,
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
    byPid,
  };
}

/** The greediest foreign processes of a proof, percent of the machine. */
export function greediest(scan: Scan, proof: Proof): ProcessEvidence[] {
  return [...proof.byPid]
    .sort((a, b) => b[1] - a[1])
    .slice(0, MOST_EVIDENCE)
    .flatMap(([pid, ticks]) => {
      const stat = scan.table.get(pid);
      return stat ? [{ ...withMemory(stat), cpuPercent: round((100 * ticks) / proof.all) }] : [];
    });
}

/** After one scan only: foreign processes that are on a processor now, those with most time first, without a figure. */
export function runningNow(scan: Scan): ProcessEvidence[] {
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
