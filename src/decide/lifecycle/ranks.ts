/** What several ranks have said together, and what is done when one of them dies. */
import type { Seen } from "../../model.ts";
import { duration } from "../../words/duration.ts";
import type { Turn } from "./turn.ts";

export const worldSize = (seen: Seen): number => Math.max(1, ...seen.ranks.map((rank) => rank.worldSize));

export const allPaused = (seen: Seen): boolean =>
  seen.ranks.length >= worldSize(seen) && seen.ranks.every((rank) => rank.state === "paused");

/** For an event's outcome, where there are several. */
export const stepsByRank = (seen: Seen): { ranks?: { rank: number; step: number | null }[] } =>
  worldSize(seen) === 1 ? {} : { ranks: seen.ranks.map(({ rank, step }) => ({ rank, step })) };

/**
 * One has died and the others don't notice: they can't finish a step without it, so after a while the
 * run is ended and goes on from its last complete checkpoint, on all ranks.
 */
export function watchRanks(turn: Turn, seen: Seen): void {
  const { now, run } = turn;
  // Launchers and process groups that watch their ranks are quicker, and do it better.
  const noticeMs = turn.job.spec.restart.deadRankSeconds * 1000;
  const rank = seen.ranks.find((one) => seen.ranksGone?.includes(one.rank));
  if (rank === undefined) {
    // A launcher has started it again.
    const { rankGoneAt, ...rest } = run;
    if (rankGoneAt !== undefined) turn.state = { ...turn.live(), run: rest };
    return;
  }
  if (run.rankGoneAt === undefined) {
    turn.know({ rankGoneAt: now });
    const reason = `Rank ${rank.rank} (pid ${rank.pid}) has died while the others go on; they have ${duration(noticeMs)} to notice.`;
    turn.tell("job.stalled", "supervisor", reason, { outcome: { rank: rank.rank, step: rank.step } });
    return;
  }
  if (now.monotonicMs - run.rankGoneAt.monotonicMs < noticeMs || !turn.first("rank gone")) return;
  const reason = `The others still wait for rank ${rank.rank}: the run is ended and goes on from its last checkpoint.`;
  turn.tell("job.stalled", "supervisor", reason, { outcome: { rank: rank.rank, step: rank.step } });
  turn.effects.push({ do: "terminate", job: turn.name, run: turn.run });
}
