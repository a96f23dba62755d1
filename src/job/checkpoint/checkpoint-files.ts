/**
 * The files of a checkpoint in progress: hashed while written, flushed to the disk, and adopted when code
 * other than ours has written them. Must never follow a link out of the checkpoint.
 */
import { createHash } from "node:crypto";
import { lstat, mkdir, open, readdir } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { isListable, type ManifestEntry } from "../../contract/manifest.ts";
import { MANIFEST_FILE } from "../../contract/names.ts";

export type Contents = Uint8Array | string | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Passed to a save function; every path is relative to the checkpoint, with "/" between folders. */
export interface CheckpointFiles {
  /** Absolute path of the directory being written, for code that must write its own files; hashed afterwards. */
  readonly directory: string;
  /**
   * Writes, hashes and flushes one file; text is written as UTF-8. Creates folders as needed.
   * @throws (rejects) on a path that isn't inside the checkpoint or was already written, on whatever
   * `contents` throws while it is read, and on any disk error (ENOSPC, EACCES …)
   */
  file(path: string, contents: Contents): Promise<void>;
  /**
   * The same for a value as JSON. NaN and Infinity become null there.
   * @throws also TypeError, immediately, for a value that JSON can't hold (a cycle, a BigInt)
   */
  json(path: string, value: unknown): Promise<void>;
}

/** Writes everything that a resume needs. Whatever it throws fails the save. */
export type Save = (checkpoint: CheckpointFiles) => Promise<unknown> | unknown;

const CHUNK_BYTES = 4 << 20;
/** Flushes this often, so that `bytesSaved` grows with what is on disk and the last fsync is short. */
const FLUSH_BYTES = 128 << 20;

export class Writing implements CheckpointFiles {
  readonly #entries = new Map<string, ManifestEntry>();
  readonly #pending: Promise<void>[] = [];
  #bytes = 0;
  readonly directory: string;
  readonly #onBytes: (bytes: number) => void;

  constructor(directory: string, onBytes: (bytes: number) => void) {
    this.directory = directory;
    this.#onBytes = onBytes;
  }

  file(path: string, contents: Contents): Promise<void> {
    const writing = this.#write(path, contents);
    this.#pending.push(writing);
    // A save function that forgets an await must not crash the process; complete() reports the error.
    writing.catch(() => {});
    return writing;
  }

  json(path: string, value: unknown): Promise<void> {
    return this.file(path, JSON.stringify(value));
  }

  /** Waits for every file, adopts those that other code wrote, and flushes the folders. */
  async complete(): Promise<ManifestEntry[]> {
    await Promise.all(this.#pending);
    for (const entry of this.#entries.values()) await this.#checkThere(entry);
    await this.#takeIn("");
    if (this.#entries.size === 0) throw new Error("the save function wrote no file");
    return [...this.#entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  async #write(path: string, contents: Contents): Promise<void> {
    if (!isListable(path)) throw new Error(`not a path inside a checkpoint: ${path}`);
    if (this.#entries.has(path)) throw new Error(`written twice in one checkpoint: ${path}`);
    const entry: ManifestEntry = { path, bytes: 0, sha256: "" };
    this.#entries.set(path, entry);
    const target = join(this.directory, path);
    await mkdir(dirname(target), { recursive: true });
    const file = await open(target, "wx");
    try {
      const hash = createHash("sha256");
      let unflushed = 0;
      for await (const chunk of pieces(contents)) {
        hash.update(chunk);
        await file.writeFile(chunk);
        this.#count(entry, chunk.byteLength);
        unflushed += chunk.byteLength;
        if (unflushed < FLUSH_BYTES) continue;
        await file.datasync();
        unflushed = 0;
      }
      await file.sync();
      entry.sha256 = hash.digest("hex");
    } finally {
      await file.close();
    }
  }

  /** Renamed or rewritten by the save function: such a checkpoint would displace good ones and never verify. */
  async #checkThere({ path, bytes }: ManifestEntry): Promise<void> {
    const found = await lstat(join(this.directory, path)).catch(() => null);
    if (!found)
      throw new Error(`${path} was written, but isn't in ${this.directory} any more: was it renamed?`);
    if (found.size !== bytes)
      throw new Error(`${path} has ${found.size} bytes, but ${bytes} were written and hashed`);
  }

  async #takeIn(folder: string): Promise<void> {
    for (const found of await readdir(join(this.directory, folder), { withFileTypes: true })) {
      const path = posix.join(folder, found.name);
      if (found.isDirectory()) await this.#takeIn(path);
      else if (!found.isFile()) throw new Error(`only plain files can be part of a checkpoint: ${path}`);
      else if (path === MANIFEST_FILE) throw new Error(`${MANIFEST_FILE} is written by the library`);
      else if (!this.#entries.has(path)) await this.#hashWritten(path);
    }
    await flushDirectory(join(this.directory, folder));
  }

  async #hashWritten(path: string): Promise<void> {
    const entry: ManifestEntry = { path, bytes: 0, sha256: "" };
    this.#entries.set(path, entry);
    // Read and write: some systems refuse to flush a descriptor without write access.
    const file = await open(join(this.directory, path), "r+");
    try {
      const hash = createHash("sha256");
      for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: CHUNK_BYTES })) {
        hash.update(chunk as Buffer);
        this.#count(entry, (chunk as Buffer).byteLength);
      }
      await file.sync();
      entry.sha256 = hash.digest("hex");
    } finally {
      await file.close();
    }
  }

  #count(entry: ManifestEntry, bytes: number): void {
    entry.bytes += bytes;
    this.#bytes += bytes;
    this.#onBytes(this.#bytes);
  }
}

async function* pieces(contents: Contents): AsyncGenerator<Uint8Array> {
  if (typeof contents === "string") yield* pieces(Buffer.from(contents, "utf8"));
  else if (contents instanceof Uint8Array)
    for (let at = 0; at < contents.byteLength; at += CHUNK_BYTES)
      yield contents.subarray(at, at + CHUNK_BYTES);
  else for await (const chunk of contents) if (chunk.byteLength > 0) yield* pieces(chunk);
}

export async function flushDirectory(path: string): Promise<void> {
  const directory = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    // Windows can't open a directory; its renames are journalled.
    if (process.platform === "win32") return null;
    throw error;
  });
  if (!directory) return;
  try {
    await directory.sync();
  } catch (error) {
    // Some network file systems can't flush directories; there is nothing better to do.
    if (!["EINVAL", "ENOTSUP"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    await directory.close();
  }
}
