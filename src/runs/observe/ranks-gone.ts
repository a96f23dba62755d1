/**
 * Which ranks have died while the others go on. Only ranks that were seen alive here count: any other may run on
 * another machine. A launcher that ends all ranks and starts them anew, maybe fewer, leaves reports of the old ones.
 */
import { bootSeconds } from "../../clock.ts";
import type { Seen } from "../../model/seen.ts";
import { TICKS_PER_SECOND } from "../../sense/proc/parse.ts";
import { isAlive } from "../../sense/proc/process.ts";

/** `seenAlive`: by `<pid> <start time>`, when each was last seen alive, in seconds since boot. Reads /proc. */
export function ranksGone(ranks: Seen["ranks"], seenAlive: Map<string, number>): number[] {
  if (ranks.length < 2 && (ranks[0]?.worldSize ?? 1) === 1) return [];
  const now = bootSeconds();
  const begun: number[] = [];
  const dead: { rank: number; lastAlive: number }[] = [];
  for (const { rank, pid, startTime, state, left } of ranks) {
    const name = `${pid} ${startTime}`;
    const lastAlive = seenAlive.get(name);
    if (isAlive(pid, startTime)) {
      seenAlive.set(name, now);
      begun.push((startTime ?? 0) / TICKS_PER_SECOND);
    } else if (lastAlive !== undefined && !left && state !== "paused" && state !== "finished")
      dead.push({ rank, lastAlive });
  }
  // Those that go on have been there beside it: any that began after it belong to another start.
  const isMissed = (lastAlive: number): boolean =>
    begun.length === 0 || begun.some((second) => second <= lastAlive);
  return dead.filter(({ lastAlive }) => isMissed(lastAlive)).map(({ rank }) => rank);
}
