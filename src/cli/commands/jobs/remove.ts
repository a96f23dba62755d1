/** `remove JOB…`, `clean`: takes jobs off the list that have no run. Only `--checkpoints` removes what they have saved. */
import { tilde } from "../../../config/project.ts";
import { isEnded } from "../../../model/state.ts";
import { removeSavedFiles, savedFiles } from "../../../runs/clean-up/remove-job-files.ts";
import { ask, askedBy, jobsNamed, mustConnect, type Options, placesOf, snapshotOf } from "../../connect.ts";
import { print } from "../../print.ts";

export interface RemoveOptions extends Options {
  checkpoints?: boolean;
}

/** The jobs named, which must have ended or have no run. */
export async function remove(names: string[], options: RemoveOptions): Promise<number> {
  const client = await mustConnect(options);
  try {
    const jobs = [...new Set(jobsNamed(names, (await snapshotOf(client)).jobs).map(({ name }) => name))];
    // One by one: what can't be removed keeps nothing else from it, nor loses its files.
    for (const name of jobs) {
      await ask(client, { verb: "remove", jobs: [name], by: askedBy() });
      await tell(name, options);
    }
    return 0;
  } finally {
    client.close();
  }
}

/** Every job that was added by `run` and has ended. */
export async function clean(options: RemoveOptions): Promise<number> {
  const client = await mustConnect(options);
  try {
    const { jobs } = await snapshotOf(client);
    const ended = jobs
      .filter(({ state, origin }) => origin === "run" && isEnded(state))
      .map(({ name }) => name);
    if (ended.length === 0) {
      print("No job that was added by 'run' has ended.");
      return 0;
    }
    await ask(client, { verb: "remove", jobs: ended, by: askedBy() });
    for (const name of ended) await tell(name, options);
    return 0;
  } finally {
    client.close();
  }
}

async function tell(name: string, options: RemoveOptions): Promise<void> {
  const directory = savedFiles((await placesOf(options)).stateDirectory, name);
  if (directory === null) return print(`${name}  removed`);
  if (!options.checkpoints) return print(`${name}  removed; its checkpoints stay in ${tilde(directory)}`);
  await removeSavedFiles(directory, `${process.pid}`);
  print(`${name}  removed, and its checkpoints with it`);
}
