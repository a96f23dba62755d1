/** A job as stored in its row. Rows of earlier versions are upgraded as they are read. */

import type { JobSpec } from "../config/schema/job-schema.ts";
import type { Job } from "../model/job.ts";
import type { Run, Said } from "../model/run.ts";

/** Once an entry of `Run.said`; now `Run.claimed`. */
const CLAIMED = "claimed";

export function jobOf(json: string): Job {
  const row = JSON.parse(json) as Job;
  const stored = { ...row, spec: specOf(row.spec) };
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
function specOf(spec: Partial<JobSpec>): JobSpec {
  const known = { standby: { releaseAfterMinutes: 10 }, ...spec } as JobSpec;
  if (spec.leftovers !== undefined) return known;
  // A spec without `leftovers` is of an older version, which filled in SIGUSR2 where no signal was written.
  const { signal, ...pause } = known.pause;
  const written = signal === "SIGUSR2" ? pause : { ...pause, signal };
  return { ...known, leftovers: "end", pause: written } as JobSpec;
}

function upToDate(run: Run): Run {
  const said: readonly string[] = run.said ?? [];
  if (!said.includes(CLAIMED)) return run;
  return { ...run, claimed: true, said: said.filter((fact) => fact !== CLAIMED) as Said[] };
}
