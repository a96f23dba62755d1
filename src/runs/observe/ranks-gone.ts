/**
 * Which ranks have died while the others go on. Only ranks that were seen alive here count: any other may run on
 * another machine. A launcher that ends all ranks and starts them anew, maybe fewer, leaves reports of the old ones.
 */
import type { Seen } from "../../model/seen.ts";
import { isAlive } from "../../sense/proc/process.ts";

/** The looks at which a process was first and last seen alive, on this process's own clock. */
export interface SeenAlive {
  firstMs: number;
  lastMs: number;
}

/** `seenAlive`: by `<pid> <start time>`; what is alive now is noted there. Reads /proc. */
export function ranksGone(ranks: Seen["ranks"], seenAlive: Map<string, SeenAlive>, nowMs: number): number[] {
  if (ranks.length < 2 && (ranks[0]?.worldSize ?? 1) === 1) return [];
  const living: SeenAlive[] = [];
  const dead: { rank: number; lastMs: number }[] = [];
  for (const { rank, pid, startTime, state } of ranks) {
    const name = `${pid} ${startTime}`;
    const seen = seenAlive.get(name);
    if (isAlive(pid, startTime)) {
      const now = { firstMs: seen?.firstMs ?? nowMs, lastMs: nowMs };
      seenAlive.set(name, now);
      living.push(now);
    } else if (seen !== undefined && state !== "paused" && state !== "finished")
      dead.push({ rank, lastMs: seen.lastMs });
  }
  // Those that go on have been there beside it: any others were started after it.
  return dead.filter(({ lastMs }) => living.some(({ firstMs }) => firstMs <= lastMs)).map(({ rank }) => rank);
}
