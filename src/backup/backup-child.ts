/**
 * Uploads or fetches one checkpoint, in a process of its own at low priority: the S3 client takes more
 * memory than the supervisor may, and hashing gigabytes takes longer than a tick. Reads one order as JSON
 * from stdin, prints one line of JSON. Only backups.ts starts it.
 */
import { renameSync, writeFileSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { text } from "node:stream/consumers";
import { elapsedMs } from "../clock.ts";
import { Bucket } from "./bucket.ts";
import { restore } from "./download.ts";
import { failureText } from "./failure-text.ts";
import { keepBackups } from "./keep-backups.ts";
import { NotWhole } from "./not-whole.ts";
import { claimPlace } from "./owner-object.ts";
import { type Backup, type BackupOwner, placeOf } from "./place.ts";
import { type Progress, upload } from "./upload.ts";

export type Order = { backup: Backup; job: string; progressFile: string } & (
  | { verb: "upload"; path: string; owner: BackupOwner }
  | { verb: "restore"; step: number; directory: string }
);

/** `final`: trying again is of no use. */
export type Done = { ok: true; bytes: number; sent?: number } | { ok: false; reason: string; final: boolean };

const PROGRESS_EVERY_MS = 1000;

async function carryOut(order: Order): Promise<Done> {
  const place = placeOf(order.backup, order.job);
  const bucket = new Bucket(order.backup, place);
  const onProgress = progressTo(order.progressFile);
  try {
    if (order.verb === "restore") {
      const { bytes } = await restore({ bucket, place }, order.step, order.directory, onProgress);
      return { ok: true, bytes };
    }
    await claimPlace(bucket, place, order.owner);
    const done = await upload(order.path, { bucket, place, limits: order.backup, onProgress });
    await keepBackups(bucket, place, order.backup.keep, order.path.split("/").at(-1) ?? "");
    return { ok: true, ...done };
  } catch (error) {
    return { ok: false, reason: failureText(error), final: error instanceof NotWhole };
  } finally {
    bucket.close();
  }
}

/** Read by the supervisor when somebody looks. */
function progressTo(file: string): (progress: Progress) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (progress) => {
    if (elapsedMs() - last < PROGRESS_EVERY_MS) return;
    last = elapsedMs();
    try {
      writeFileSync(`${file}.new`, JSON.stringify(progress));
      renameSync(`${file}.new`, file);
    } catch {
      // Then it isn't shown.
    }
  };
}

try {
  setPriority(constants.priority.PRIORITY_LOW);
} catch {
  // Then it runs at normal priority, which is better than no backup.
}
const done = await carryOut(JSON.parse(await text(process.stdin)) as Order);
process.stdout.write(`${JSON.stringify(done)}\n`);
