/**
 * A run that ended before its first step because the job couldn't read its checkpoint did not fail: another try may
 * find it readable, and nothing was lost. Never gives it up. The checkpoint is read through again before the first
 * of these tries, then before ever fewer, since it may have gone bad after its check: what comes of that decides from
 * which one the job goes on.
 */
import { EXIT_UNREADABLE } from "../../../contract/names.ts";
import type { Exit, Seen } from "../../../model/seen.ts";
import { duration } from "../../../words/duration.ts";
import { hold } from "../checkpoints/take-stock.ts";
import type { Transition } from "../transition.ts";
import { keepTurn } from "../turn-taken.ts";
import { leave } from "./leave-run.ts";
import { stayInRow } from "./row.ts";

/** Before the next try, doubled with each in a row, up to the longest. */
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 600_000;

/**
 * By its exit code, or by a rank's word, where a launcher passes on another or the job's shell goes on. The word of ranks
 * that a launcher has started again (torchrun --max-restarts) counts until they report anew: nobody knows why a start
 * ended that left no report, and without it the checkpoint would be passed over.
 */
export function couldNotRead({ job, run }: Transition, exit: Exit, seen: Seen | undefined): boolean {
  if (job.understands !== "contract" || run.firstStepAt !== undefined) return false;
  const said = seen?.ranks.some(({ unreadable }) => unreadable) ?? false;
  return said || (exit.known && exit.code === EXIT_UNREADABLE);
}

/** Moves to `waiting` without counting a failure. */
export function waitToRead(
  transition: Transition,
  { reason, code }: { reason: string; code: number | null },
): void {
  const { job, run, now } = transition;
  const { unread } = job.attempts;
  const inARow = unread?.run === run.number - 1 ? unread.inARow + 1 : 1;
  const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (inARow - 1));
  transition.tell(
    run.resuming === undefined ? "job.failed" : "resume.failed",
    "job",
    `${reason} It couldn't read what it is to go on from, which may still be whole: it is tried again in ${duration(waitMs)} at the earliest; this doesn't count as a failure.`,
    { outcome: { code } },
  );
  keepTurn(transition);
  readAgain(transition, inARow);
  leave(transition, "its checkpoint unread");
  const again = { unread: { run: run.number, inARow }, notBeforeMs: now.monotonicMs + waitMs };
  transition.note({ attempts: { ...job.attempts, ...again } });
  transition.become({ name: "waiting", since: now, failure: reason, exitCode: code });
}

/** For a launch that isn't counted: runs that were in a row before it still are after it, in whichever row. */
export function keepRows(transition: Transition): void {
  stayInRow(transition);
  const { job, run } = transition;
  const { unread } = job.attempts;
  if (unread?.run === run.number - 1)
    transition.note({ attempts: { ...job.attempts, unread: { ...unread, run: run.number } } });
}

/** Ever more rarely: where the job alone can't read it, each time reads all of it for nothing. */
function readAgain(transition: Transition, inARow: number): void {
  const { checkpoint } = transition.job;
  const isTurn = Number.isInteger(Math.log2(inARow));
  if (!isTurn || checkpoint === null || checkpoint.verified === "size and age only") return;
  hold(transition, { ...checkpoint, verified: "quick" });
  transition.perform({ do: "verify", checkpoint, anew: true });
}
