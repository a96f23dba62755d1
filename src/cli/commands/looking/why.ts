/** `why [JOB]`: what stands between a job and running, and what comes next. */
import type { JobView } from "../../../control/protocol.ts";
import { askedAbout, formatWhy } from "../../../show/plain.ts";
import { jobsNamed } from "../../named-jobs.ts";
import { print, printJson, terminalWidth } from "../../print.ts";
import { mustConnect, type Options, snapshotOf } from "../../supervisors/connect.ts";

export async function why(name: string | undefined, options: Options): Promise<void> {
  const client = await mustConnect(options);
  try {
    const snapshot = await snapshotOf(client);
    if (name !== undefined) jobsNamed([name], snapshot.jobs);
    if (options.json) {
      printJson({ jobs: askedAbout(snapshot.jobs, name).map(answer) });
    } else {
      print(formatWhy(snapshot, name, terminalWidth()));
    }
  } finally {
    client.close();
  }
}

/** The data, with `summary` and the text of `next` as people read them, and what was learned of the job. */
function answer(job: JobView) {
  const { job: name, state, ...reasons } = job.why;
  const since = new Date(job.sinceMs).toISOString();
  return { job: name, state, since, ...reasons, learned: job.learned, balance: job.balance };
}
