/** Another's checkpoint that a run was begun with, and how its program is told of it. */
import { type Job, savesBy } from "../model/job.ts";
import { runOf } from "../model/state.ts";
import type { Why } from "../model/why.ts";

/** Undefined where there is none; a job library reads its own, which is told by its step. */
export function begunWith(job: Job): Why["begunWith"] {
  const path = runOf(job)?.resumedFrom ?? null;
  if (path === null || savesBy(job) === "library") return undefined;
  const file = path.split("/").at(-1) ?? path;
  return { file, argument: namesCheckpoint(job) };
}

/** A file that matches its pattern and isn't used, while it has nothing else; undefined where there is none. */
export function begunBeside(job: Job): string | undefined {
  const { checkpoint, spec, rejected } = job;
  if (checkpoint !== null || spec.checkpoint.glob === undefined || runOf(job)?.resumedFrom !== null)
    return undefined;
  return rejected?.at(-1)?.split("/").at(-1);
}

/** Its arguments name what it goes on from. */
export const namesCheckpoint = ({ spec }: Pick<Job, "spec">): boolean =>
  spec.resumeArgs.some((part) => part.includes("{checkpoint}"));
