/** Checkpoints that a job finds at its start: those that its runs, as far as is known, didn't write, or that can't be read now. */
import { basename } from "node:path";
import { stepOfName } from "../contract/names.ts";
import type { Input } from "../decide/lifecycle/step.ts";
import type { Job } from "../model/job.ts";
import type { RunsSeen } from "../ports/runs.ts";

type Earlier = Extract<Input, { kind: "foreign" | "inherited" }>;

/** What to tell a job of them instead of launching it; null when it can be launched. */
export function earlierCheckpoints(
  job: Job,
  runs: Pick<RunsSeen, "foreignCheckpoints" | "checkpoints">,
): Earlier | null {
  const { state, earlier } = job;
  if ((state.name !== "waiting" && state.name !== "paused") || earlier === "set aside") return null;
  const whose = earlier === "adopt" ? null : runs.foreignCheckpoints(job);
  if (whose !== null) return { kind: "foreign", whose };
  // A third party's files may be any job's.
  if (state.name === "paused" || job.spec.checkpoint.glob !== undefined) return null;
  if (earlier !== "adopt" && (job.runs > 0 || job.checkpoint !== null)) return null;
  const found = runs.checkpoints(job);
  return found.checkpoints.length === 0 ? null : { kind: "inherited", ...found };
}

/**
 * A checkpoint that can't be read now and may be newer than what the job would go on from, or the folder of all; null
 * where there is none.
 */
export function unreadBeside(job: Job, runs: Pick<RunsSeen, "checkpoints">): string | null {
  const { state, earlier, checkpoint, spec } = job;
  if ((state.name !== "waiting" && state.name !== "paused") || earlier === "set aside") return null;
  // Of a third party's, which may be any job's, only its own is waited for, where it knows one; each look reads those anew.
  if (spec.checkpoint.glob !== undefined)
    return (runs.checkpoints(job).unread ?? []).find((path) => path === (checkpoint?.path ?? path)) ?? null;
  const doubted = (job.doubts?.passedOver ?? []).map((one) => one.checkpoint.path);
  const counts = (path: string): boolean => path === checkpoint?.path || !doubted.includes(path);
  const step = (path: string): number => stepOfName(basename(path)) ?? Number.POSITIVE_INFINITY;
  const { unread = [] } = runs.checkpoints(job, "anew");
  const isNewer = (path: string): boolean => checkpoint === null || step(path) >= (checkpoint.step ?? 0);
  return unread.find((path) => counts(path) && isNewer(path)) ?? null;
}
