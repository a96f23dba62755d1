/** `edit JOB` of a job that was added by `run`: its supervisor keeps its settings. */
import { resolve } from "node:path";
import { removeAt, setAt } from "../../../config/edit/edit-text.ts";
import type { JobSpec } from "../../../config/schema/job-schema.ts";
import { ask } from "../../../control/client.ts";
import { print } from "../../print.ts";
import {
  askedBy,
  type Options,
  placesOf,
  sayWhich,
  snapshotOf,
  tryConnect,
} from "../../supervisors/connect.ts";
import { changesOf } from "./settings.ts";
import { checkedJob } from "./submit/job-from-options.ts";

export const FROM_NEXT_RUN = "A changed command or environment counts from its next run on.";

/** Null where no supervisor runs that has such a job. */
export async function editRunJob(name: string, changes: string[], options: Options): Promise<number | null> {
  const places = await placesOf(options);
  const client = await tryConnect(places);
  if (client === null) return null;
  try {
    const { jobs } = await snapshotOf(client);
    if (jobs.find((job) => job.name === name)?.origin !== "run") return null;
    sayWhich(places, options);
    const { spec: before } = (await ask(client, { verb: "settings", job: name })) as { spec: JobSpec };
    const text = changesOf(name, changes, []).reduce(
      (edited, { path, value }) =>
        value === undefined ? removeAt(edited, path) : setAt(edited, path, value),
      JSON.stringify(before),
    );
    // Names of other jobs are looked up by the supervisor.
    const { after, afterAny, ...rest } = JSON.parse(text) as Partial<JobSpec>;
    const { cwd, envFile } = rest;
    const paths = { ...(cwd && { cwd: resolve(cwd) }), ...(envFile && { envFile: resolve(envFile) }) };
    const checked = checkedJob({ ...rest, ...paths });
    const spec = { ...checked, ...(after && { after }), ...(afterAny && { afterAny }) };
    await ask(client, { verb: "edit", spec, by: askedBy() });
    print(`Changed '${name}', a job of 'run'. ${FROM_NEXT_RUN}`);
    return 0;
  } finally {
    client.close();
  }
}
