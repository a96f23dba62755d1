/**
 * Uploads one checkpoint: its files, then its manifest. Goes on with the parts that an interrupted upload
 * has left, after comparing them. Must never store a manifest before every file that it lists.
 */
import { createHash } from "node:crypto";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { elapsedMs } from "../clock.ts";
import { type ManifestEntry, parseManifest } from "../contract/manifest.ts";
import { MANIFEST_FILE } from "../contract/names.ts";
import { Rejected } from "../contract/values.ts";
import type { CopyProgress } from "../model/why.ts";
import { type Bucket, bare, md5, type OpenUpload, type Part } from "./bucket.ts";
import { type Backup, keyOf, type Place } from "./bucket-names.ts";
import { NotWhole } from "./not-whole.ts";

const MIB = 1024 * 1024;
/** S3 takes at most so many parts. */
const MOST_PARTS = 10_000;

export interface UploadOptions {
  bucket: Bucket;
  place: Place;
  limits: Pick<Backup, "partMiB" | "maxMiBPerSecond">;
  /** Called for each part that is there, however it came there. */
  onProgress?: (progress: CopyProgress) => void;
}

/** Bytes that were sent; parts that were there already aren't sent again. Throws NotWhole, and what the client throws. */
export async function upload(path: string, options: UploadOptions): Promise<{ bytes: number; sent: number }> {
  const { bucket, place } = options;
  const name = basename(path);
  const text = await readFile(join(path, MANIFEST_FILE)).catch(gone);
  const manifest = parseManifest(text, name);
  if (manifest instanceof Rejected) throw new NotWhole(`${MANIFEST_FILE} ${manifest.reason}`);
  const total = manifest.files.reduce((sum, { bytes }) => sum + bytes, 0);
  await withdrawOther(bucket, keyOf(place, name, MANIFEST_FILE), text);
  const sending = new Sending(options, total);
  const open = await bucket.openUploads(keyOf(place, name, ""));
  for (const file of manifest.files) await sending.file(path, file, open);
  await bucket.put(keyOf(place, name, MANIFEST_FILE), text);
  return { bytes: total, sent: sending.sent };
}

/**
 * Where the step was saved anew, as after a rerun, its backup isn't whole again before the new manifest stands there.
 * One with the same text belongs to files that are sent once more.
 */
async function withdrawOther(bucket: Bucket, key: string, text: Buffer): Promise<void> {
  const isThere = (await bucket.list(key)).some((one) => one.key === key);
  if (isThere && (await bucket.readSmall(key, text.length))?.equals(text) !== true) await bucket.delete(key);
}

class Sending {
  sent = 0;
  #there = 0;
  readonly #total: number;
  readonly #options: UploadOptions;
  readonly #begin = elapsedMs();

  constructor(options: UploadOptions, total: number) {
    this.#options = options;
    this.#total = total;
  }

  async file(path: string, entry: ManifestEntry, opened: OpenUpload[]): Promise<void> {
    const { bucket, place, limits } = this.#options;
    const key = keyOf(place, basename(path), entry.path);
    const partBytes = Math.max(limits.partMiB * MIB, Math.ceil(entry.bytes / MOST_PARTS));
    const file = await open(join(path, entry.path)).catch(gone);
    const hash = createHash("sha256");
    try {
      if (entry.bytes <= partBytes) {
        const body = await readPart(file, 0, entry.bytes);
        hash.update(body);
        mustMatch(entry, hash.digest("hex"));
        await bucket.put(key, body);
        this.#isThere(body.length);
        await this.#sent(body.length);
        return;
      }
      const upload = opened.find((one) => one.key === key) ?? (await bucket.beginUpload(key));
      const known = opened.includes(upload) ? await bucket.partsOf(upload) : [];
      const parts: Part[] = [];
      const sums: Buffer[] = [];
      for (let number = 1, at = 0; at < entry.bytes; number++, at += partBytes) {
        const body = await readPart(file, at, Math.min(partBytes, entry.bytes - at));
        hash.update(body);
        const sum = md5(body, "hex");
        sums.push(Buffer.from(sum, "hex"));
        const there = known.find((part) => part.number === number && bare(part.etag) === sum);
        parts.push(there ?? (await bucket.putPart(upload, number, body)));
        this.#isThere(body.length);
        if (there === undefined) await this.#sent(body.length);
      }
      // Completed only now: what has changed since it was hashed must not become an object.
      mustMatch(entry, hash.digest("hex"));
      await bucket.completeUpload(upload, parts, `${md5(Buffer.concat(sums), "hex")}-${sums.length}`);
    } finally {
      await file.close();
    }
  }

  #isThere(bytes: number): void {
    this.#there += bytes;
    this.#options.onProgress?.({ bytes: this.#there, of: this.#total });
  }

  /** Waits as long as the rate limit asks. */
  async #sent(bytes: number): Promise<void> {
    this.sent += bytes;
    const { maxMiBPerSecond } = this.#options.limits;
    if (maxMiBPerSecond === undefined) return;
    const leastMs = (this.sent / (maxMiBPerSecond * MIB)) * 1000;
    await sleep(Math.max(0, leastMs - (elapsedMs() - this.#begin)));
  }
}

async function readPart(file: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const body = Buffer.alloc(bytes);
  for (let read = 0; read < bytes; ) {
    const { bytesRead } = await file.read(body, read, bytes - read, position + read);
    if (bytesRead === 0) throw new NotWhole("a file is shorter than its manifest says");
    read += bytesRead;
  }
  return body;
}

function mustMatch({ path, sha256 }: ManifestEntry, found: string): void {
  if (found !== sha256) throw new NotWhole(`${path} has changed since it was hashed`);
}

function gone(error: NodeJS.ErrnoException): never {
  throw error.code === "ENOENT" ? new NotWhole("it is gone") : error;
}
