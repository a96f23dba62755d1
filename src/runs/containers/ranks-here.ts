/**
 * The reports of a run with the pids that this machine knows their ranks by: a program in a container reports the
 * number that it has there. The start time is the same inside and outside.
 */
import type { RankStatus } from "../../model/seen.ts";
import { containerIn } from "../../sense/proc/cgroups.ts";
import { listPids, readStat } from "../../sense/proc/process.ts";
import type { Followed } from "../observe/follow.ts";
import { readRanks } from "../observe/read-ranks.ts";
import { innerPid } from "./container.ts";

/** Sorted by rank. A rank whose process is gone, or isn't in the container, keeps the number that it reports. */
export function ranksHere(run: Followed): RankStatus[] {
  const ranks = readRanks(run.statusDirectory, { runId: run.id, memory: run.ranks });
  const id = run.container?.id;
  if (!id) return ranks;
  return ranks.map((rank) => ({ ...rank, pid: outerPid(rank, run, id) ?? rank.pid }));
}

function outerPid({ pid, startTime }: RankStatus, { outerPids }: Followed, container: string): number | null {
  const name = `${pid} ${startTime}`;
  const known = outerPids.get(name);
  if (known !== undefined && readStat(known)?.startTime === startTime) return known;
  outerPids.delete(name);
  for (const one of listPids()) {
    if (readStat(one)?.startTime !== startTime || containerIn(one) !== container) continue;
    if (innerPid(one) !== pid) continue;
    outerPids.set(name, one);
    return one;
  }
  return null;
}
