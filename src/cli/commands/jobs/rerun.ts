/** `rerun JOB…`: begins jobs anew that have no run, or has them go on from an earlier checkpoint. */

import { misuse } from "../../../refusal.ts";
import { askJobs } from "../../ask-jobs.ts";
import { jobsNamed } from "../../named-jobs.ts";
import { askedBy, mustConnect, type Options, snapshotOf } from "../../supervisors/connect.ts";
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
    const jobs = jobsNamed(names, snapshot.jobs).map(({ name }) => name);
    const request = { verb: "rerun" as const, jobs, by: askedBy(), ...(from && { from: Number(from) }) };
    return await followResume(client, await askJobs(client, request), snapshot, options);
  } finally {
    client.close();
  }
}
