/**
 * Uploads or fetches one checkpoint, in a process of its own at low priority: the S3 client takes more
 * memory than the supervisor may, and hashing gigabytes takes longer than a tick. Reads one order as JSON
 * from stdin; prints lines of JSON: how far it is, and last what came of it. Only backups.ts starts it.
 */
import { constants, setPriority } from "node:os";
import { text } from "node:stream/consumers";
import { Bucket } from "./bucket.ts";
import { type Backup, type BackupOwner, placeOf } from "./bucket-names.ts";
import { restore } from "./download.ts";
import { failureText } from "./failure-text.ts";
import { keepBackups } from "./keep-backups.ts";
import { NotWhole } from "./not-whole.ts";
import { claimPlace } from "./owner-object.ts";
import { telling } from "./progress.ts";
import { upload } from "./upload.ts";

/** `silentMs`: as Bucket takes it. */
export type Order = { backup: Backup; job: string; silentMs?: number | undefined } & (
  | { verb: "upload"; path: string; owner: BackupOwner }
  | { verb: "restore"; step: number; directory: string }
);

/** `final`: trying again is of no use. `untidied`: why older backups couldn't be removed. */
export type Done =
  | { ok: true; bytes: number; sent?: number; untidied?: string }
  | { ok: false; reason: string; final: boolean };

const say = (line: string): boolean => process.stdout.write(`${line}\n`);

async function carryOut(order: Order): Promise<Done> {
  const place = placeOf(order.backup, order.job);
  const bucket = new Bucket(order.backup, place, order.silentMs);
  const onProgress = telling(say);
  try {
    if (order.verb === "restore") {
      const { bytes } = await restore({ bucket, place }, order.step, order.directory, onProgress);
      return { ok: true, bytes };
    }
    await claimPlace(bucket, place, order.owner);
    const done = await upload(order.path, { bucket, place, limits: order.backup, onProgress });
    // What is stored is stored, whatever can't be removed beside it.
    const current = order.path.split("/").at(-1) ?? "";
    const untidied = await keepBackups(bucket, place, order.backup.keep, current).then(
      () => null,
      failureText,
    );
    return { ok: true, ...done, ...(untidied !== null && { untidied }) };
  } catch (error) {
    return { ok: false, reason: failureText(error), final: error instanceof NotWhole };
  } finally {
    bucket.close();
  }
}

try {
  setPriority(constants.priority.PRIORITY_LOW);
} catch {
  // Then it runs at normal priority, which is better than no backup.
}
const done = await carryOut(JSON.parse(await text(process.stdin)) as Order);
say(JSON.stringify(done));
