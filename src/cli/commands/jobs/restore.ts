/**
 * `restore JOB`: brings a checkpoint back from the job's backup, onto this or another machine. Needs no
 * supervisor; the next start goes on from it. From then on the backups there are this job's.
 */
import { basename } from "node:path";
import { ownerHere } from "../../../backup/bucket-names.ts";
import { loadConfigApart } from "../../../config/check/check-apart.ts";
import { findConfig } from "../../../config/find.ts";
import type { Config } from "../../../config/schema/schema.ts";
import { stepOfName } from "../../../contract/names.ts";
import { makeFolder } from "../../../files/make-folder.ts";
import { prepareStateDirectory } from "../../../files/state-directory.ts";
import { checkpointDirectory } from "../../../files/state-paths.ts";
import { isLive } from "../../../model/state.ts";
import type { CopyProgress } from "../../../model/why.ts";
import { misuse, Refusal } from "../../../refusal.ts";
import { writeOwner } from "../../../runs/checkpoints/owner.ts";
import { number } from "../../../words/number.ts";
import { bytes as bytesText } from "../../../words/size.ts";
import { noSuchJob } from "../../named-jobs.ts";
import { print } from "../../print.ts";
import { type Options, placesOf, snapshotOf, tryConnect } from "../../supervisors/connect.ts";
import { tellProblems } from "../../tell-problems.ts";

export async function restore(name: string, options: Options & { step?: string }): Promise<number> {
  const step = options.step === undefined ? null : wholeStep(options.step);
  await refuseLive(name, options);
  const loaded = await loadConfigApart(findConfig(options.config));
  tellProblems(loaded);
  if (!loaded.ok) return 2;
  const job = jobOf(loaded.config, name);
  const { backup } = job;
  if (backup === undefined)
    throw misuse(`Job '${name}' has no backup: add "backup": { "to": "s3://bucket/folder" } to it.`);
  const { stateDirectory, project } = loaded.config;
  prepareStateDirectory(stateDirectory);
  const directory = checkpointDirectory(stateDirectory, name);
  makeFolder(directory);
  const restored = await fetchBackup(name, backup, step, directory, project);
  writeOwner(directory, { project, job: name, command: job.command });
  const found = stepOfName(basename(restored.path)) ?? 0;
  const how = restored.kept ? "was here already, whole" : "is here again";
  print(
    `${name}  step ${number(found)} ${how} (${bytesText(restored.bytes)}, every SHA-256 matches): ${restored.path}`,
  );
  print(`The next start goes on from the newest checkpoint there. Start it: supervisor start`);
  return 0;
}

/** A running job has its own idea of which checkpoint is the newest. */
async function refuseLive(name: string, options: Options): Promise<void> {
  const client = await tryConnect(await placesOf(options));
  if (client === null) return;
  try {
    const job = (await snapshotOf(client)).jobs.find((one) => one.name === name);
    if (job !== undefined && isLive(job.state))
      throw new Refusal(`${name} is ${job.state}. Pause it first: supervisor pause ${name}`);
  } finally {
    client.close();
  }
}

function jobOf({ jobs }: Config, name: string): Config["jobs"][number] {
  const job = jobs.find((one) => one.name === name);
  if (job !== undefined) return job;
  throw misuse(
    noSuchJob(
      name,
      jobs.map((one) => one.name),
    ),
  );
}

async function fetchBackup(
  name: string,
  backup: NonNullable<Config["jobs"][number]["backup"]>,
  step: number | null,
  directory: string,
  project: string,
) {
  // Loads the S3 client.
  const [{ Bucket }, { restore: fetchFrom }, owner, { placeOf }, { failureText }] = await Promise.all([
    import("../../../backup/bucket.ts"),
    import("../../../backup/download.ts"),
    import("../../../backup/owner-object.ts"),
    import("../../../backup/bucket-names.ts"),
    import("../../../backup/failure-text.ts"),
  ]);
  const place = placeOf(backup, name);
  const bucket = new Bucket(backup, place);
  try {
    const restored = await fetchFrom({ bucket, place }, step, directory, progressLine());
    await owner.writeOwner(bucket, place, ownerHere(project, name));
    return restored;
  } catch (error) {
    throw new Refusal(`The backup of ${name} at ${backup.to} can't be fetched: ${failureText(error)}.`);
  } finally {
    bucket.close();
  }
}

/** On a terminal, rewritten in place; elsewhere nothing. */
function progressLine(): (progress: CopyProgress) => void {
  let last = -1;
  return ({ bytes, of }) => {
    const percent = Math.floor((100 * bytes) / Math.max(1, of));
    if (!process.stderr.isTTY || percent === last) return;
    last = percent;
    process.stderr.write(
      `\r${bytesText(bytes)} of ${bytesText(of)} (${percent} %)${percent === 100 ? "\n" : ""}`,
    );
  };
}

function wholeStep(text: string): number {
  const step = Number(text);
  if (!Number.isSafeInteger(step) || step < 0 || text.trim() === "")
    throw misuse(`--step takes a whole number, not '${text}'.`);
  return step;
}
