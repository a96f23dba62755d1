/**
 * Whether a process on a GPU belongs to a supervised job of another supervisor. A claim speaks only
 * for processes of its own user that are, or descend from, the ones that it names.
 */
import type { Claim } from "../../model.ts";
import { readStat } from "../process.ts";
import type { Known } from "./known-processes.ts";

const MOST_PARENTS = 64;

/** The holder's claim that covers this process, or null. */
export function claimOf({ pid, startTime, uid }: Known, claims: readonly Claim[]): Claim | null {
  const mine = claims.filter((claim) => claim.holds && claim.uid === uid);
  if (mine.length === 0 || startTime === null) return null;
  let at = readStat(pid);
  if (at?.startTime !== startTime) return null;
  for (let hops = 0; at !== null && at.pid > 1 && hops < MOST_PARENTS; hops++) {
    const { pid: here, startTime: since } = at;
    const found = mine.find(({ pids }) => pids.some((one) => one.pid === here && one.startTime === since));
    if (found !== undefined) return found;
    at = readStat(at.parent);
  }
  return null;
}
