/** Which backups stay in the bucket, and what interrupted uploads have left there. */
import type { Bucket, StoredObject } from "./bucket.ts";
import { isManifest, keyOf, type Place, partsOf } from "./bucket-names.ts";

export interface Stored {
  checkpoint: string;
  /** When its manifest was stored, by the server's clock. */
  atMs: number;
}

/** Complete backups, the one that was stored last first: a job that begins anew counts its steps again. */
export function complete(place: Place, objects: readonly StoredObject[]): Stored[] {
  return objects
    .flatMap(({ key, atMs }) => {
      const parts = partsOf(place, key);
      return parts && isManifest(parts.file) ? [{ checkpoint: parts.checkpoint, atMs }] : [];
    })
    .sort((a, b) => b.atMs - a.atMs || (a.checkpoint < b.checkpoint ? 1 : -1));
}

/**
 * Removes all but the `keep` newest backups, files of backups that were never completed, and parts of
 * uploads that nobody goes on with. `current` was just stored, and stays.
 */
export async function keepBackups(
  bucket: Bucket,
  place: Place,
  keep: number,
  current: string,
): Promise<void> {
  const objects = await bucket.list(place.folder);
  const others = complete(place, objects).filter(({ checkpoint }) => checkpoint !== current);
  const kept = new Set([current, ...others.slice(0, keep - 1).map(({ checkpoint }) => checkpoint)]);
  const surplus = objects.flatMap(({ key }) => {
    const parts = partsOf(place, key);
    return parts === null || kept.has(parts.checkpoint) ? [] : [parts];
  });
  // Without its manifest it is no backup any more, whatever else is still there.
  surplus.sort((a, b) => Number(isManifest(b.file)) - Number(isManifest(a.file)));
  for (const { checkpoint, file } of surplus) await bucket.delete(keyOf(place, checkpoint, file));
  for (const open of await bucket.openUploads(place.folder)) await bucket.abortUpload(open);
}
