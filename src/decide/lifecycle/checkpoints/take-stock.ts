/**
 * Which checkpoints a job has: the newest valid one, the ones before it, and what to report about them.
 * Must never keep one that was found broken, nor prune before the newest is known to be whole.
 */

import { awaitsCheck, isPassedOver } from "../../../model/job.ts";
import type { Checkpoint, Stock } from "../../../model/run.ts";
import { isLive } from "../../../model/state.ts";
import { number } from "../../../words/number.ts";
import { isBackupLater } from "../../starts/restore-wait.ts";
import { stepsAre } from "../end/steps-lost.ts";
import type { Transition } from "../transition.ts";

/** Older checkpoints kept as fallbacks, and broken ones not to be reported twice. */
const OLDER = 5;
const REJECTED = 20;
const GONE = "it is gone";

export function takeStock(transition: Transition, stock: Stock): void {
  const { rejected } = stock;
  const there = withUnread(transition, stock);
  const { doubts } = transition.job;
  // At every tick, and few jobs have any.
  const checkpoints = doubts === undefined ? there : there.filter((one) => !isPassedOver({ doubts }, one));
  const [newest, ...older] = checkpoints;
  const known = transition.job.checkpoint;
  const broken = known !== null && rejected.some(({ path }) => path === known.path);
  for (const one of rejected) tellRejected(transition, one, newest);
  if (transition.job.rejected?.some((path) => checkpoints.some((found) => found.path === path)))
    transition.note({
      rejected: transition.job.rejected.filter((path) => !checkpoints.some((found) => found.path === path)),
    });
  if (newest === undefined) {
    // Nothing writes: what isn't there won't come. A pattern that finds nothing may be unreadable.
    const own = transition.job.spec.checkpoint.glob === undefined;
    const gone = known !== null && !broken && own && !isLive(transition.state.name);
    if (gone) tellRejected(transition, { path: known.path, reason: GONE }, newest);
    if (gone || broken) hold(transition, null);
    return;
  }
  remember(transition, older);
  const same = known !== null && known.path === newest.path && known.createdAtMs === newest.createdAtMs;
  if (same && known.verified === newest.verified && known.step === newest.step) return;
  if (same) {
    hold(transition, newest);
    if (newest.verified === "full") tellWhole(transition, newest);
    return;
  }
  const gone = known !== null && !broken && isBefore(newest, known, transition);
  // A third party's file is skipped while it is being written, and then counts again.
  if (gone && isLive(transition.state.name) && transition.job.spec.checkpoint.glob !== undefined) return;
  if (gone) tellRejected(transition, { path: known.path, reason: GONE }, newest);
  hold(transition, newest);
  if (!broken && !gone) tellNew(transition, newest);
}

/** Those that can't be read now may be as good as when they were seen: each in its place among the others. */
function withUnread(transition: Transition, { checkpoints, rejected, unread }: Stock): Checkpoint[] {
  if (unread === undefined) return checkpoints;
  const { job } = transition;
  const all = [...checkpoints];
  for (const one of [job.checkpoint, ...(job.older ?? [])]) {
    if (one === null || ![...all, ...rejected].every(({ path }) => path !== one.path)) continue;
    if (!unread.some((path) => one.path === path || one.path.startsWith(`${path}/`))) continue;
    const at = all.findIndex((other) => isBefore(other, one, transition));
    all.splice(at === -1 ? all.length : at, 0, one);
  }
  return all;
}

/** Notes nothing for the same list, so that an unchanged job isn't saved again. */
export function remember(transition: Transition, fallbacks: Checkpoint[]): void {
  const older = fallbacks.slice(0, OLDER);
  const known = transition.job.older ?? [];
  const same = older.length === known.length && older.every((one, at) => isSame(one, known[at]));
  if (!same) transition.note({ older });
}

const isSame = (one: Checkpoint, other: Checkpoint | null | undefined): boolean =>
  one.path === other?.path && one.createdAtMs === other.createdAtMs && one.verified === other.verified;

/** By step, since a clock can be set back; a third party's file may have nothing but its time. */
function isBefore(one: Checkpoint, other: Checkpoint, transition: Transition): boolean {
  if (one.step !== null && other.step !== null && one.step !== other.step) return one.step < other.step;
  return transition.job.spec.checkpoint.glob !== undefined && one.createdAtMs <= other.createdAtMs;
}

/** Makes the job and its state name the same checkpoint. */
export function hold(transition: Transition, checkpoint: Checkpoint | null): void {
  transition.note({ checkpoint });
  if (transition.state.name === "paused") transition.become({ ...transition.state, checkpoint });
}

function tellRejected(
  transition: Transition,
  { path, reason, unread }: Stock["rejected"][number],
  next: Checkpoint | undefined,
): void {
  const told = transition.job.rejected ?? [];
  if (told.includes(path)) return;
  transition.note({ rejected: [...told, path].slice(-REJECTED) });
  const known = transition.job.checkpoint;
  if (known?.path !== path) {
    transition.tell("checkpoint.rejected", "supervisor", `Checkpoint ${path} isn't used: ${reason}.`, {
      outcome: { path },
    });
    return;
  }
  const is = reason === GONE ? "gone" : unread ? "passed over as unreadable" : `broken (${reason})`;
  fallBack(transition, known, is, next);
}

/** Tells why the checkpoint that the next run was to go on from isn't used, and what is instead. */
export function fallBack(
  transition: Transition,
  known: Checkpoint,
  is: string,
  next: Checkpoint | undefined,
): void {
  const fetched = isBackupLater(transition.job, next ?? null);
  const before = next === undefined ? "the beginning" : `the one before${of(next)}`;
  const from = fetched ? `its backup${of(transition.job.backedUp ?? known)}` : before;
  const lost = between(known, fetched ? transition.job.backedUp : next);
  transition.tell(
    "checkpoint.rejected",
    "supervisor",
    `Checkpoint ${known.path} is ${is}: it goes on from ${from}; ${stepsAre(lost, "to be redone")}.`,
    { outcome: { path: known.path, stepsLost: lost, fallBackTo: next?.path ?? null } },
  );
}

/** Steps from the checkpoint before, or from the beginning; null where one has no step to its name. */
export function between(known: Checkpoint, before: Checkpoint | undefined): number | null {
  const from = before === undefined ? 0 : before.step;
  return known.step === null || from === null ? null : Math.max(0, known.step - from);
}

function tellNew(transition: Transition, newest: Checkpoint): void {
  const how = newest.verified === "size and age only" ? "size and age only" : "manifest and sizes match";
  transition.tell("checkpoint.verified", "supervisor", `Checkpoint${of(newest)} is there: ${how}.`, {
    outcome: facts(newest),
  });
  // The previous one stays until the newest has been read in full, whatever `keep` says.
  prune(transition, Math.max(2, transition.job.spec.checkpoint.keep));
}

function tellWhole(transition: Transition, newest: Checkpoint): void {
  const reason = `Checkpoint${of(newest)} is whole: every SHA-256 matches.`;
  transition.tell("checkpoint.verified", "supervisor", reason, { outcome: facts(newest) });
  prune(transition, transition.job.spec.checkpoint.keep);
}

/** The files of third-party jobs belong to them: never pruned. */
function prune(transition: Transition, keep: number): void {
  if (transition.job.spec.checkpoint.glob === undefined) transition.perform({ do: "prune", keep });
}

const of = ({ step }: Checkpoint): string => (step === null ? "" : ` of step ${number(step)}`);
const facts = ({ path, step, bytes, verified }: Checkpoint) => ({ path, step, bytes, verified });

/** What was found of a job without a run: nothing writes any more, and a full check may be on its way. */
export function checked(transition: Transition, stock: Stock): void {
  if (transition.state.name !== "paused" && transition.state.name !== "waiting") return;
  takeStock(transition, stock);
  const { checkpoint } = transition.job;
  // Requested at every look: a check that is under way or done isn't repeated.
  if (checkpoint !== null && awaitsCheck({ ...transition.job, state: transition.state }))
    transition.perform({ do: "verify", checkpoint });
}
