/**
 * The pause of a program that saves when it likes and can't be asked: it is ended by SIGTERM after its next
 * checkpoint. Never ends one that is being written, as far as its files show.
 */

import { KILLED_AFTER_MS } from "../../../model/grace.ts";
import { savesBy } from "../../../model/job.ts";
import type { Checkpoint } from "../../../model/run.ts";
import type { Seen } from "../../../model/seen.ts";
import { FILE_CLOCK_MS } from "../../../model/time.ts";
import { duration } from "../../../words/duration.ts";
import { number } from "../../../words/number.ts";
import type { Transition } from "../transition.ts";

/** Unchanged for so long, its files are taken for written: programs write several, one after the other. */
const WRITTEN_MS = 3000;
/** The same for one that is smaller than the one before it: large models take long between two files. */
const SMALLER_WRITTEN_MS = 30_000;
const SMALLER = 0.9;

export function endOnceSaved(transition: Transition, seen: Seen): void {
  const { job, now } = transition;
  const { request } = transition.pausing("seen");
  if (savesBy(job) !== "itself" || seen.ranks.some(({ state }) => state === "saving")) return;
  const newest = job.checkpoint === null ? [] : [job.checkpoint];
  const saved = [...newest, ...(job.older ?? [])].find(
    (one, at, all) =>
      one.createdAtMs >= request.askedAt.wallMs - FILE_CLOCK_MS &&
      now.wallMs - one.createdAtMs >= writtenMs(one, all[at + 1]),
  );
  if (saved === undefined) return;
  const afterMs = Math.max(0, saved.createdAtMs - request.askedAt.wallMs);
  const reason = `It can't be asked to save; it saved ${what(saved)} by itself ${duration(afterMs)} after the request, so it is ended.`;
  transition.tell("pause.forced", "supervisor", reason, {
    outcome: { method: "terminate", checkpoint: saved.path },
  });
  const deadlineMs = now.monotonicMs + KILLED_AFTER_MS;
  transition.amend({ overdue: "terminated", deadlineMs, endedOnceSaved: true });
  transition.perform({ do: "terminate", run: transition.run });
}

const writtenMs = ({ bytes }: Checkpoint, before: Checkpoint | undefined): number =>
  before !== undefined && bytes < before.bytes * SMALLER ? SMALLER_WRITTEN_MS : WRITTEN_MS;

const what = ({ step }: Checkpoint): string => (step === null ? "a checkpoint" : `step ${number(step)}`);
