/** Live runs whose files were removed while we run: makes the files again. Touches no process but to repeat a word. */
import type { Looked } from "../../files/file-identity.ts";
import type { Job } from "../../model/job.ts";
import { runOf } from "../../model/state.ts";
import { isSystemError } from "../../refusal.ts";
import type { RunsOnDisk } from "../../runs/create-runs.ts";

export function restoreRuns(jobs: Job[], runs: Pick<RunsOnDisk, "restore">): Looked[] {
  return jobs.flatMap((job) => {
    const run = runOf(job);
    try {
      if (run === null || !runs.restore(job, run)) return [];
      return { again: `the files of '${job.name}', run ${run.number}` };
    } catch (error) {
      if (!isSystemError(error)) throw error;
      return {
        problem: `The files of '${job.name}', run ${run?.number}, can't be made again: ${error.message}`,
      };
    }
  });
}
