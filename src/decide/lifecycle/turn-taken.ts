/**
 * When a job takes the turn on a GPU that was asked for it: with the launch itself, since a start that was decided may
 * still be put off.
 */
import type { Transition } from "./transition.ts";

/** For each, another user's job may have made room, for nothing. */
const MOST_TRIES = 3;

/** A requested turn begins with the start on that GPU; a start on another one makes it unnecessary. */
export function takeTurn(transition: Transition, gpus: string[]): void {
  const { turn } = transition.job;
  if (turn === undefined) return;
  if (gpus.includes(turn.gpu))
    transition.note({ turn: { ...turn, untilMs: transition.now.wallMs + turn.forMs } });
  else transition.drop("turn");
}

/** For a start that has had nothing of it, by no fault of the job's: it stays the job's own, whole, for a few tries. */
export function keepTurn(transition: Transition): void {
  const { turn } = transition.job;
  if (turn === undefined) return;
  const { untilMs: _, tries = 0, ...asked } = turn;
  if (tries + 1 === MOST_TRIES) transition.drop("turn");
  else transition.note({ turn: { ...asked, tries: tries + 1 } });
}
