/** `cancel JOB…`: ends jobs for good; returns when they have ended. */

import type { JobView } from "../../../control/protocol.ts";
import { askJobs } from "../../ask-jobs.ts";
import { followJobs, type Outcome } from "../../follow-jobs.ts";
import { jobsNamed } from "../../named-jobs.ts";
import { tellStakes } from "../../not-saved.ts";
import { print } from "../../print.ts";
import { askedBy, mustConnect, type Options, snapshotOf } from "../../supervisors/connect.ts";

export async function cancel(names: string[], options: Options & { wait: boolean }): Promise<number> {
  const client = await mustConnect(options, true);
  try {
    const named = jobsNamed(names, (await snapshotOf(client)).jobs);
    const jobs = named.map((job) => job.name);
    for (const job of named) tellStakes(job);
    const { asked, passedOver } = await askJobs(client, { verb: "cancel", jobs, by: askedBy() });
    const bad = options.wait ? await followJobs(client, asked, outcome) : 0;
    if (!options.wait && asked.length > 0) print(`asked ${asked.join(", ")} to end`);
    return bad + passedOver > 0 ? 1 : 0;
  } finally {
    client.close();
  }
}

function outcome(job: JobView): Outcome {
  if (job.state === "cancelled") return { end: "good", text: "cancelled" };
  if (job.state === "finished" || job.state === "failed")
    return { end: "good", text: `${job.state} before it was cancelled` };
  return { end: null, text: `asked to end; it is ${job.state}` };
}
