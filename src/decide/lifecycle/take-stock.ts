/**
 * Which checkpoints a job has: the newest valid one, those before it, and what is to be told of
 * them. Must never hold on to one that was found broken, nor prune before the newest is known whole.
 */
import type { Checkpoint } from "../../model.ts";
import { plural } from "../../words/list.ts";
import { number } from "../../words/number.ts";
import type { Turn } from "./turn.ts";

/** Newest first; `rejected` were found broken, by the quick look or by the full check. */
export interface Stock {
  checkpoints: Checkpoint[];
  rejected: { path: string; reason: string }[];
}

/** Older checkpoints remembered to fall back to, and broken ones not to be told of twice. */
const OLDER = 5;
const REJECTED = 20;
const GONE = "it is gone";

export function takeStock(turn: Turn, { checkpoints, rejected }: Stock): void {
  const [newest, ...older] = checkpoints;
  const known = turn.job.checkpoint;
  const broken = known !== null && rejected.some(({ path }) => path === known.path);
  for (const one of rejected) tellRejected(turn, one, newest);
  if (turn.job.rejected?.some((path) => checkpoints.some((found) => found.path === path)))
    turn.job.rejected = turn.job.rejected.filter((path) => !checkpoints.some((found) => found.path === path));
  if (newest === undefined) {
    if (broken) hold(turn, null);
    return;
  }
  if (older.length > 0 || turn.job.older !== undefined) turn.job.older = older.slice(0, OLDER);
  const same = known !== null && known.path === newest.path && known.createdAtMs === newest.createdAtMs;
  if (same && known.verified === newest.verified) return;
  if (same) {
    hold(turn, newest);
    if (newest.verified === "full") tellWhole(turn, newest);
    return;
  }
  const gone = known !== null && !broken && isBefore(newest, known, turn);
  // A third party's file is passed over while it is being written, and then counts again.
  if (gone && turn.job.spec.checkpoint.glob !== undefined) return;
  if (gone) tellRejected(turn, { path: known.path, reason: GONE }, newest);
  hold(turn, newest);
  if (!broken && !gone) tellNew(turn, newest);
}

/** By step, since a clock can be set back; only a third party's files have nothing but their time. */
function isBefore(one: Checkpoint, other: Checkpoint, turn: Turn): boolean {
  if (turn.job.spec.checkpoint.glob !== undefined) return one.createdAtMs <= other.createdAtMs;
  return (one.step ?? 0) < (other.step ?? 0);
}

/** The job and its state name the same checkpoint. */
function hold(turn: Turn, checkpoint: Checkpoint | null): void {
  turn.job.checkpoint = checkpoint;
  if (turn.state.name === "paused") turn.state = { ...turn.state, checkpoint };
}

function tellRejected(
  turn: Turn,
  { path, reason }: Stock["rejected"][number],
  next: Checkpoint | undefined,
): void {
  const told = turn.job.rejected ?? [];
  if (told.includes(path)) return;
  turn.job.rejected = [...told, path].slice(-REJECTED);
  const known = turn.job.checkpoint;
  if (known?.path !== path) {
    turn.tell("checkpoint.rejected", "supervisor", `Checkpoint ${path} isn't used: ${reason}.`, {
      outcome: { path },
    });
    return;
  }
  const from = next === undefined ? "the beginning" : `the one before${of(next)}`;
  const lost = known.step === null ? null : Math.max(0, known.step - (next?.step ?? 0));
  const redo = lost === null ? "" : `; ${plural(lost, "step")} to be redone`;
  turn.tell(
    "checkpoint.rejected",
    "supervisor",
    `Checkpoint ${path} is ${reason === GONE ? "gone" : `broken (${reason})`}: it goes on from ${from}${redo}.`,
    {
      outcome: { path, stepsLost: lost, fallBackTo: next?.path ?? null },
    },
  );
}

function tellNew(turn: Turn, newest: Checkpoint): void {
  const how = newest.verified === "size and age only" ? "size and age only" : "manifest and sizes match";
  turn.tell("checkpoint.verified", "supervisor", `Checkpoint${of(newest)} is there: ${how}.`, {
    outcome: facts(newest),
  });
  // The one before stays until the newest was read in full, whatever `keep` says.
  prune(turn, Math.max(2, turn.job.spec.checkpoint.keep));
}

function tellWhole(turn: Turn, newest: Checkpoint): void {
  const reason = `Checkpoint${of(newest)} is whole: every SHA-256 matches.`;
  turn.tell("checkpoint.verified", "supervisor", reason, { outcome: facts(newest) });
  prune(turn, turn.job.spec.checkpoint.keep);
}

/** Files of third-party jobs are theirs: never pruned. */
function prune(turn: Turn, keep: number): void {
  if (turn.job.spec.checkpoint.glob === undefined) turn.effects.push({ do: "prune", job: turn.name, keep });
}

const of = ({ step }: Checkpoint): string => (step === null ? "" : ` of step ${number(step)}`);
const facts = ({ path, step, bytes, verified }: Checkpoint) => ({ path, step, bytes, verified });

/** What was found of a paused job: nobody writes any more, the full check is on its way. */
export function checked(turn: Turn, stock: Stock): void {
  if (turn.state.name !== "paused") return;
  takeStock(turn, stock);
  const { checkpoint } = turn.job;
  // Asked for at every look: a check that is under way or done isn't made again.
  if (checkpoint?.verified === "quick") turn.effects.push({ do: "verify", job: turn.name, checkpoint });
}
