/** `rerun JOB…`: begins jobs anew that have no run, or has them go on from an earlier checkpoint. */

import { tilde } from "../../../config/project.ts";
import type { ControlClient } from "../../../control/client.ts";
import type { JobView } from "../../../control/protocol.ts";
import { checkpointDirectory } from "../../../files/state-paths.ts";
import { isLive } from "../../../model/state.ts";
import { misuse, Refusal } from "../../../refusal.ts";
import { setAside, stepSetAside } from "../../../runs/checkpoints/owner.ts";
import { type Asked, askJobs } from "../../ask-jobs.ts";
import { jobsNamed } from "../../named-jobs.ts";
import { print, say } from "../../print.ts";
import { askedBy, mustConnect, type Options, placesOf, snapshotOf } from "../../supervisors/connect.ts";
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
    const jobs = jobsNamed(names, snapshot.jobs);
    const { stateDirectory } = await placesOf(options);
    const before = jobs.map(({ name }) => setAside(checkpointDirectory(stateDirectory, name))[0]);
    const asked = await askRerun(client, jobs, from === undefined ? null : Number(from), stateDirectory);
    const code = await followResume(client, asked, snapshot, options);
    for (const [at, { name }] of jobs.entries()) {
      const [last] = setAside(checkpointDirectory(stateDirectory, name));
      if (last !== undefined && last !== before[at])
        print(`${name}  its checkpoints so far were set aside, in ${tilde(last)}`);
    }
    return code;
  } finally {
    client.close();
  }
}

/** A step that it doesn't go on from by itself may have been set aside: the refusal says so. */
async function askRerun(
  client: ControlClient,
  jobs: JobView[],
  from: number | null,
  stateDirectory: string,
): Promise<Asked> {
  const names = jobs.map(({ name }) => name);
  const request = { verb: "rerun" as const, jobs: names, by: askedBy(), ...(from !== null && { from }) };
  const hintsFor = (refused: JobView[]): string[] =>
    from === null ? [] : refused.flatMap((job) => asideText(job, from, stateDirectory) ?? []);
  try {
    const asked = await askJobs(client, request);
    for (const hint of hintsFor(jobs.filter(({ name }) => !asked.asked.includes(name)))) say(hint);
    return asked;
  } catch (error) {
    if (!(error instanceof Refusal) || jobs.length > 1) throw error;
    throw new Refusal([error.message, ...hintsFor(jobs)].join("\n"), error.exitCode);
  }
}

function asideText({ name, state }: JobView, step: number, stateDirectory: string): string | null {
  const directory = checkpointDirectory(stateDirectory, name);
  const path = isLive(state) ? null : stepSetAside(directory, step);
  if (path === null) return null;
  return (
    `An earlier rerun has set one aside: ${tilde(path)}. To have it go on from the newest in ${tilde(directory)}, ` +
    `move that one there, then: supervisor resume ${name} --adopt`
  );
}
