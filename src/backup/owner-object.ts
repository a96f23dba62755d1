/**
 * Whose backups lie at a place: an object beside them names the job that stores them. Two jobs that were
 * given one place by mistake would remove each other's.
 */
import { USER } from "../config/project.ts";
import type { Bucket } from "./bucket.ts";
import type { BackupOwner, Place } from "./bucket-names.ts";
import { NotWhole } from "./not-whole.ts";

const MOST_BYTES = 64 * 1024;

/** Makes `owner` the one whose backups these are, unless they are another's. Throws NotWhole then. */
export async function claimPlace(bucket: Bucket, place: Place, owner: BackupOwner): Promise<void> {
  const found = await ownerOf(bucket, place);
  if (found === null) await writeOwner(bucket, place, owner);
  else if (!isSame(found, owner))
    throw new NotWhole(
      `the backups there are of '${found.job}' of ${found.project === USER ? "a user" : found.project} on ${found.host}; ` +
        `give this job another "to", or take them over: supervisor restore ${owner.job}`,
    );
}

export const writeOwner = (bucket: Bucket, place: Place, owner: BackupOwner): Promise<void> =>
  bucket.put(keyOf(place), new TextEncoder().encode(`${JSON.stringify(owner)}\n`));

const keyOf = ({ folder }: Place): string => `${folder}owner.json`;

const isSame = (one: BackupOwner, other: BackupOwner): boolean =>
  one.project === other.project && one.job === other.job && one.host === other.host;

async function ownerOf(bucket: Bucket, place: Place): Promise<BackupOwner | null> {
  const [there] = await bucket.list(keyOf(place));
  const text = there === undefined ? null : await bucket.readSmall(there.key, MOST_BYTES);
  if (text === null) return null;
  try {
    const { project, job, host } = JSON.parse(text.toString());
    return [project, job, host].every((text) => typeof text === "string") ? { project, job, host } : null;
  } catch {
    return null;
  }
}
