/** `rerun JOB…`: begins jobs anew that have no run, or has them go on from an earlier checkpoint. */

import { misuse } from "../../../refusal.ts";
import { jobsNamed } from "../../named-jobs.ts";
import { askedBy, mustConnect, type Options, snapshotOf } from "../../supervisors/connect.ts";
import { askToRun } from "../../supervisors/read-config.ts";
import { followResume } from "./resume.ts";

export interface RerunOptions extends Options {
  wait: boolean;
  from?: string;
}

export async function rerun(names: string[], options: RerunOptions): Promise<number> {
  const from = options.from?.replaceAll(",", "");
  if (from !== undefined && !/^\d+$/.test(from))
    throw misuse(`--from must be the step of a checkpoint, such as 1200, got '${options.from}'.`);
  const client = await mustConnect(options, true);
  try {
    const snapshot = await snapshotOf(client);
    const named = jobsNamed(names, snapshot.jobs);
    const jobs = [...new Set(named.map(({ name }) => name))];
    await askToRun(client, { verb: "rerun", jobs, by: askedBy(), ...(from && { from: Number(from) }) });
    return await followResume(client, jobs, snapshot, options);
  } finally {
    client.close();
  }
}
