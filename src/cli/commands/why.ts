/** `why [JOB]`: what stands between a job and running, and what comes next. */
import type { JobView } from "../../control/protocol.ts";
import { formatWhy } from "../../show/plain.ts";
import { jobsNamed, mustConnect, type Options, snapshotOf } from "../connect.ts";
import { print, printJson, terminalWidth } from "../print.ts";

export async function why(name: string | undefined, options: Options): Promise<void> {
  const client = await mustConnect(options);
  try {
    const snapshot = await snapshotOf(client);
    if (name !== undefined) jobsNamed([name], snapshot.jobs);
    if (options.json) {
      const asked = snapshot.jobs.filter((job) =>
        name === undefined ? job.state !== "running" : job.name === name,
      );
      printJson({ jobs: asked.map(answer) });
    } else {
      print(
        formatWhy(snapshot, name, terminalWidth()) ||
          (snapshot.jobs.length === 0 ? "There are no jobs." : "Every job is running."),
      );
    }
  } finally {
    client.close();
  }
}

function answer(job: JobView) {
  const { job: name, ...reasons } = job.why;
  return { job: name, state: job.state, since: new Date(job.sinceMs).toISOString(), ...reasons };
}
