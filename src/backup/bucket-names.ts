/**
 * Where a job's backups lie in a bucket: `<prefix>/<job>/step-00001234/<file>`, the manifest last. A
 * checkpoint without its manifest isn't one. Computes names only.
 */
import { hostname } from "node:os";
import type { JobSpec } from "../config/schema/job-schema.ts";
import { MANIFEST_FILE, stepOfName } from "../contract/names.ts";

export type Backup = NonNullable<JobSpec["backup"]>;

export interface Place {
  bucket: string;
  /** Ends with "/". */
  folder: string;
}

/** Whose backups they are: a job, its config and the machine that it runs on. */
export interface BackupOwner {
  project: string;
  job: string;
  host: string;
}

export const ownerHere = (project: string, job: string): BackupOwner => ({ project, job, host: hostname() });

/** `to` is `s3://bucket/prefix`, as the config's schema has checked. */
export function placeOf({ to }: Pick<Backup, "to">, job: string): Place {
  const [bucket = "", ...prefix] = to
    .replace(/^s3:\/\//, "")
    .split("/")
    .filter((part) => part !== "");
  return { bucket, folder: [...prefix, job, ""].join("/") };
}

export const keyOf = ({ folder }: Place, checkpoint: string, file: string): string =>
  `${folder}${checkpoint}/${file}`;

/** The checkpoint's name in a key below `folder`, and the file within; null for any other object. */
export function partsOf({ folder }: Place, key: string): { checkpoint: string; file: string } | null {
  const [checkpoint = "", ...file] = key.slice(folder.length).split("/");
  if (!key.startsWith(folder) || stepOfName(checkpoint) === null || file.length === 0) return null;
  return { checkpoint, file: file.join("/") };
}

export const isManifest = (file: string): boolean => file === MANIFEST_FILE;
