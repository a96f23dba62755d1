/**
 * What becomes of checkpoints that a job finds where its own belong: its own from before the database
 * knew it are gone on from; another's only when a person says so; `rerun` begins without them. Never
 * removes one: a run that begins at the beginning sets them aside (runs/launch).
 */
import type { Job } from "../../../model/job.ts";
import type { Checkpoint, Stock } from "../../../model/run.ts";
import { list } from "../../../words/list.ts";
import { number } from "../../../words/number.ts";
import { isBackupLater } from "../../starts/restore-wait.ts";
import { REMEMBERED } from "../end/failed-resume.ts";
import { becomePaused } from "../end/leave-run.ts";
import { retry } from "../launch.ts";
import type { Transition } from "../transition.ts";
import { takeStock } from "./take-stock.ts";

/** What a job that begins at the beginning no longer goes by. */
const OVER = [
  "backedUp",
  "cancelling",
  "doubts",
  "foreign",
  "gpuShortage",
  "older",
  "rejected",
  "restoring",
] as const;

/** Keeps the job waiting. */
export function foreign(transition: Transition, whose: string): void {
  if (transition.job.foreign === whose) return;
  transition.note({ foreign: whose });
  transition.tell(
    "checkpoint.rejected",
    "supervisor",
    `The checkpoints in its folder were written by ${whose}: the job waits until you say what to do with them.`,
  );
}

/** Nothing of it runs yet: it goes on like a paused job, once every byte has been checked. */
export function inherit(transition: Transition, stock: Stock): void {
  if (transition.state.name !== "waiting") return;
  takeStock(transition, stock);
  const step = transition.job.checkpoint?.step ?? null;
  const at = step === null ? "" : ` of step ${number(step)}`;
  const reason = `A checkpoint${at} was there before its first run: it goes on from that.`;
  becomePaused(transition, { actor: "supervisor", reason, critical: false });
}

export function adopt(transition: Transition, by: string): void {
  transition.drop("foreign");
  transition.note({ earlier: "adopt" });
  retry(transition, by);
  transition.tell("resume.requested", "user", `${by} asked to go on from the checkpoints that are there.`);
}

export function rerun(transition: Transition, { by, from }: { by: string; from?: Checkpoint }): void {
  if ("run" in transition.state) throw transition.bug("rerun");
  if (from !== undefined) {
    rerunFrom(transition, by, from);
    return;
  }
  for (const fact of OVER) transition.drop(fact);
  transition.note({
    checkpoint: null,
    // A third party's files can't be set aside: those that are there count as somebody else's.
    firstRunMs: transition.now.wallMs,
    progress: null,
    attempts: { failures: 0, fruitless: 0, notBeforeMs: 0 },
    ranMs: 0,
    earlier: "set aside",
    begunAnew: true,
  });
  transition.tell("resume.requested", "user", `${by} asked to run it again from the beginning.`);
  transition.become({ name: "waiting", since: transition.now });
}

/**
 * Goes on from one of its checkpoints that isn't the newest. Later ones are passed over; the libraries set them aside
 * once the new run has saved.
 */
function rerunFrom(transition: Transition, by: string, from: Checkpoint): void {
  const known = checkpointsOf(transition.job);
  const { doubts, backedUp } = transition.job;
  const here = known.slice(0, known.indexOf(from));
  const isHere = here.some(
    ({ path, createdAtMs }) => path === backedUp?.path && createdAtMs === backedUp.createdAtMs,
  );
  // What is in its backup alone is passed over as well: it would be fetched before the run.
  const stored = backedUp && !isHere && isBackupLater(transition.job, from) ? [backedUp] : [];
  const later = [...stored, ...here].sort((one, other) => (other.step ?? 0) - (one.step ?? 0));
  for (const fact of ["cancelling", "earlier", "foreign", "gpuShortage", "restoring"] as const)
    transition.drop(fact);
  transition.note({
    doubts: {
      passedOver: [
        ...(doubts?.passedOver ?? []),
        ...later.map((checkpoint) => ({ checkpoint, run: null })),
      ].slice(-REMEMBERED),
    },
    checkpoint: from,
    older: known.slice(known.indexOf(from) + 1),
    attempts: { failures: 0, fruitless: 0, notBeforeMs: 0 },
    ranMs: 0,
  });
  const steps = list(later.map(({ step }) => (step === null ? "unknown" : number(step))));
  const past = later.length === 0 ? "" : ` Later checkpoints (step ${steps}) aren't used.`;
  const step = from.step === null ? from.path : `step ${number(from.step)}`;
  const reason = `${by} asked to run it again from ${step}.${past}`;
  transition.tell("resume.requested", "user", reason, { outcome: { step: from.step, path: from.path } });
  becomePaused(transition, { actor: "supervisor", reason, critical: false });
}

/** Those that are known and used, newest first. */
export const checkpointsOf = ({ checkpoint, older = [] }: Pick<Job, "checkpoint" | "older">): Checkpoint[] =>
  checkpoint === null ? [] : [checkpoint, ...older];
