/**
 * Brings one checkpoint back from a bucket. It gets its name only when every byte has been compared with
 * its manifest and is on disk. Never replaces a checkpoint that is there and whole.
 */
import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { wallMs } from "../clock.ts";
import { type ManifestEntry, MOST_MANIFEST_BYTES, parseManifest } from "../contract/manifest.ts";
import { checkpointName, MANIFEST_FILE, TEMPORARY_PREFIX } from "../contract/names.ts";
import { Rejected } from "../contract/values.ts";
import { flushDirectory } from "../job/checkpoint/checkpoint-files.ts";
import { verifyCheckpoint } from "../job/checkpoint/find-checkpoint.ts";
import { SUPERSEDED_PREFIX } from "../job/checkpoint/keep-checkpoints.ts";
import { startTimeOf } from "../job/report/status.ts";
import type { CopyProgress } from "../model/why.ts";
import type { Bucket } from "./bucket.ts";
import { keyOf, type Place } from "./bucket-names.ts";
import { complete } from "./keep-backups.ts";
import { NotWhole } from "./not-whole.ts";

export interface Restored {
  path: string;
  bytes: number;
  /** It was there already, whole. */
  kept?: true;
}

/** `step` null: the backup that was stored last. Throws NotWhole where the backup itself can't be used. */
export async function restore(
  from: { bucket: Bucket; place: Place },
  step: number | null,
  directory: string,
  onProgress: (progress: CopyProgress) => void = () => {},
): Promise<Restored> {
  const { bucket, place } = from;
  const stored = complete(place, await bucket.list(place.folder)).map(({ checkpoint }) => checkpoint);
  const name = step === null ? stored[0] : stored.find((one) => one === checkpointName(step));
  if (name === undefined)
    throw new NotWhole(step === null ? "there is no backup of it" : `there is no backup of step ${step}`);
  const path = join(directory, name);
  const text = await readManifest(bucket, keyOf(place, name, MANIFEST_FILE));
  const manifest = parseManifest(text, name);
  if (manifest instanceof Rejected) throw new NotWhole(`its ${MANIFEST_FILE} ${manifest.reason}`);
  const total = manifest.files.reduce((sum, { bytes }) => sum + bytes, 0);
  const there = await verifyCheckpoint(path);
  if (!("rejected" in there)) return { path, bytes: total, kept: true };
  const temporary = join(
    directory,
    `${TEMPORARY_PREFIX}${name}.${process.pid}.${startTimeOf(process.pid) ?? 0}.${hostname()}`,
  );
  try {
    await mkdir(temporary, { recursive: true, mode: 0o700 });
    let done = 0;
    for (const file of manifest.files)
      await fetchFile(
        bucket.read(keyOf(place, name, file.path)),
        join(temporary, file.path),
        file,
        (bytes) => {
          done += bytes;
          onProgress({ bytes: done, of: total });
        },
      );
    await writeAll([text], join(temporary, MANIFEST_FILE));
    await flushDirectory(temporary);
    // What can't be read now may be whole: it is set aside, as those are that a resume had to skip.
    if (there.unreadable) await rename(path, join(directory, `${SUPERSEDED_PREFIX}${name}.${wallMs()}`));
    else await rm(path, { recursive: true, force: true });
    await rename(temporary, path);
    await flushDirectory(directory);
    return { path, bytes: total };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function fetchFile(
  chunks: AsyncIterable<Uint8Array>,
  path: string,
  { path: name, bytes, sha256 }: ManifestEntry,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const hash = createHash("sha256");
  let read = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      read += chunk.length;
      if (read > bytes) break;
      hash.update(chunk);
      onBytes(chunk.length);
      yield chunk;
    }
  }
  await mkdir(dirname(path), { recursive: true });
  await writeAll(counted(), path);
  if (read !== bytes || hash.digest("hex") !== sha256)
    throw new NotWhole(`its ${name} isn't what its manifest says`);
}

async function readManifest(bucket: Bucket, key: string): Promise<Buffer> {
  const text = await bucket.readSmall(key, MOST_MANIFEST_BYTES);
  if (text === null) throw new NotWhole(`its ${MANIFEST_FILE} is too large`);
  return text;
}

async function writeAll(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  path: string,
): Promise<void> {
  const file: FileHandle = await open(path, "wx", 0o600);
  try {
    for await (const chunk of chunks) await file.writeFile(chunk);
    await file.sync();
  } finally {
    await file.close();
  }
}
