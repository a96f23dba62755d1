/** What several ranks report together, and what happens when one of them dies. */

import type { Seen } from "../../model/seen.ts";
import { duration } from "../../words/duration.ts";
import type { Transition } from "./transition.ts";

export const worldSize = (seen: Seen): number => Math.max(1, ...seen.ranks.map((rank) => rank.worldSize));

export const allPaused = (seen: Seen): boolean =>
  seen.ranks.length >= worldSize(seen) && seen.ranks.every((rank) => rank.state === "paused");

/** For an event's outcome, where a run has several ranks. */
export const stepsByRank = (seen: Seen): { ranks?: { rank: number; step: number | null }[] } =>
  worldSize(seen) === 1 ? {} : { ranks: seen.ranks.map(({ rank, step }) => ({ rank, step })) };

/**
 * A rank has died and the others don't notice: they can't finish a step without it, so after a while
 * the run is ended and continues from its last complete checkpoint, on all ranks.
 */
export function watchRanks(transition: Transition, seen: Seen): void {
  const { now, run } = transition;
  // Launchers and process groups that watch their ranks react faster and handle it better.
  const noticeMs = transition.job.spec.restart.deadRankSeconds * 1000;
  const rank = seen.ranks.find((one) => seen.ranksGone?.includes(one.rank));
  if (rank === undefined) {
    // A launcher has restarted it.
    if (run.rankGoneAt !== undefined) transition.forget("rankGoneAt");
    return;
  }
  if (run.rankGoneAt === undefined) {
    transition.know({ rankGoneAt: now });
    const reason = `Rank ${rank.rank} (pid ${rank.pid}) has died while the others go on; they have ${duration(noticeMs)} to notice.`;
    transition.tell("job.stalled", "supervisor", reason, { outcome: { rank: rank.rank, step: rank.step } });
    return;
  }
  if (now.monotonicMs - run.rankGoneAt.monotonicMs < noticeMs || !transition.first("rank gone")) return;
  const reason = `The others still wait for rank ${rank.rank}: the run is ended and goes on from its last checkpoint.`;
  transition.tell("job.stalled", "supervisor", reason, { outcome: { rank: rank.rank, step: rank.step } });
  transition.perform({ do: "terminate", run: transition.run });
}
