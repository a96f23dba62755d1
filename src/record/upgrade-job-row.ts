/** A job as stored in its row. Rows of earlier versions are upgraded as they are read. */

import type { Job } from "../model/job.ts";
import type { Run, Said } from "../model/run.ts";

/** Once an entry of `Run.said`; now `Run.claimed`. */
const CLAIMED = "claimed";

export function jobOf(json: string): Job {
  const stored = withNewSettings(JSON.parse(json) as Job);
  // When the first run of a job of an earlier version began isn't known: all that is there counts.
  const job = stored.runs > 0 ? { firstRunMs: 0, ...stored } : stored;
  const { state } = job;
  if (!("run" in state)) return job;
  const run = upToDate(state.run);
  if (state.name !== "lost" || !state.was || !("run" in state.was))
    return { ...job, state: { ...state, run } };
  const was = { ...state.was, run: upToDate(state.was.run) };
  return { ...job, state: { ...state, run, was } };
}

/** Settings that a job's row didn't have, as the schema sets them. */
function withNewSettings(job: Job): Job {
  const { standby = { releaseAfterMinutes: 10 } } = job.spec as Partial<Job["spec"]>;
  return { ...job, spec: { ...job.spec, standby } };
}

function upToDate(run: Run): Run {
  const said: readonly string[] = run.said ?? [];
  if (!said.includes(CLAIMED)) return run;
  return { ...run, claimed: true, said: said.filter((fact) => fact !== CLAIMED) as Said[] };
}
