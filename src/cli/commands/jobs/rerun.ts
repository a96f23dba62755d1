/** `rerun JOB…`: begins jobs anew that have no run; their checkpoints so far are set aside. */
import { ask, askedBy, jobsNamed, mustConnect, type Options, snapshotOf } from "../../connect.ts";
import { followResume } from "./resume.ts";

export async function rerun(names: string[], options: Options & { wait: boolean }): Promise<number> {
  const client = await mustConnect(options, true);
  try {
    const snapshot = await snapshotOf(client);
    const named = jobsNamed(names, snapshot.jobs);
    const jobs = [...new Set(named.map(({ name }) => name))];
    await ask(client, { verb: "rerun", jobs, by: askedBy() });
    return await followResume(client, jobs, snapshot, options);
  } finally {
    client.close();
  }
}
