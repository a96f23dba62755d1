/**
 * Writes one checkpoint so that its name appears only when every byte of it is on disk:
 * temporary directory, hash while writing, fsync, manifest last, rename, fsync of the parent.
 * Must never touch an existing checkpoint before its replacement is complete, and must leave
 * nothing behind when it fails.
 */
import { createHash } from "node:crypto";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join, posix } from "node:path";
import { checkpointName, MANIFEST_FILE, type Manifest, TEMPORARY_PREFIX } from "../contract.ts";
import { startTimeOf } from "./status.ts";

export type Contents = Uint8Array | string | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Handed to a save function; every path is relative to the checkpoint, with "/" between folders. */
export interface CheckpointFiles {
  /** The directory being written, for code that insists on writing its own files. They are hashed afterwards. */
  readonly directory: string;
  /** Writes and hashes one file. Throws on a path outside the checkpoint, and on any disk error. */
  file(path: string, contents: Contents): Promise<void>;
  json(path: string, value: unknown): Promise<void>;
}

export type Save = (checkpoint: CheckpointFiles) => Promise<unknown> | unknown;

export interface SavedCheckpoint {
  path: string;
  step: number;
  bytes: number;
}

type Entry = Manifest["files"][number];

const CHUNK_BYTES = 4 << 20;
/** Flushed this often, so that `bytesSaved` grows with what is on disk and the last fsync is short. */
const FLUSH_BYTES = 128 << 20;

/**
 * Writes `directory/step-<step>/`.
 * @param step completed training steps, a whole number ≥ 0
 * @param onBytes told the bytes written so far, every few MiB
 * @throws whatever `save` or the disk throws (ENOSPC, EACCES …); older checkpoints are then untouched
 */
export async function writeCheckpoint(
  directory: string,
  step: number,
  save: Save,
  { epoch = null, onBytes = () => {} }: { epoch?: number | null; onBytes?: (bytes: number) => void } = {},
): Promise<SavedCheckpoint> {
  if (!Number.isSafeInteger(step) || step < 0)
    throw new RangeError(`step must be a whole number, not ${step}`);
  await mkdir(directory, { recursive: true });
  const temporary = join(directory, temporaryName(step));
  const path = join(directory, checkpointName(step));
  try {
    await mkdir(temporary);
    const writing = new Writing(temporary, onBytes);
    await save(writing);
    const files = await writing.complete();
    const manifest: Manifest = { step, epoch, createdAt: new Date().toISOString(), files };
    await writeFlushed(join(temporary, MANIFEST_FILE), `${JSON.stringify(manifest, null, 1)}\n`);
    await flushDirectory(temporary);
    await moveInto(temporary, path);
    await flushDirectory(directory);
    return { path, step, bytes: files.reduce((sum, file) => sum + file.bytes, 0) };
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
}

/** Says who writes it, so that a sweep can tell a dead writer's leftovers from work in progress. */
function temporaryName(step: number): string {
  const owner = `${process.pid}.${startTimeOf(process.pid) ?? 0}.${hostname()}`;
  return `${TEMPORARY_PREFIX}${checkpointName(step)}.${owner}`;
}

class Writing implements CheckpointFiles {
  private readonly entries = new Map<string, Entry>();
  private readonly pending: Promise<void>[] = [];
  private bytes = 0;
  readonly directory: string;
  private readonly onBytes: (bytes: number) => void;

  constructor(directory: string, onBytes: (bytes: number) => void) {
    this.directory = directory;
    this.onBytes = onBytes;
  }

  file(path: string, contents: Contents): Promise<void> {
    const writing = this.write(path, contents);
    this.pending.push(writing);
    // A save function that forgets an await must not bring the process down; complete() reports it.
    writing.catch(() => {});
    return writing;
  }

  json(path: string, value: unknown): Promise<void> {
    return this.file(path, JSON.stringify(value));
  }

  /** Waits for every file, takes in those written behind our back, and flushes the folders. */
  async complete(): Promise<Entry[]> {
    await Promise.all(this.pending);
    await this.takeIn("");
    if (this.entries.size === 0) throw new Error("the save function wrote no file");
    return [...this.entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  private async write(path: string, contents: Contents): Promise<void> {
    if (!isInside(path) || path === MANIFEST_FILE) throw new Error(`not a path inside a checkpoint: ${path}`);
    if (this.entries.has(path)) throw new Error(`written twice in one checkpoint: ${path}`);
    const entry: Entry = { path, bytes: 0, sha256: "" };
    this.entries.set(path, entry);
    const target = join(this.directory, path);
    await mkdir(dirname(target), { recursive: true });
    const file = await open(target, "wx");
    try {
      const hash = createHash("sha256");
      let unflushed = 0;
      for await (const chunk of pieces(contents)) {
        hash.update(chunk);
        await file.writeFile(chunk);
        this.count(entry, chunk.byteLength);
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

  private async takeIn(folder: string): Promise<void> {
    for (const found of await readdir(join(this.directory, folder), { withFileTypes: true })) {
      const path = posix.join(folder, found.name);
      if (found.isDirectory()) await this.takeIn(path);
      else if (!found.isFile()) throw new Error(`only plain files can be part of a checkpoint: ${path}`);
      else if (path === MANIFEST_FILE) throw new Error(`${MANIFEST_FILE} is written by the library`);
      else if (!this.entries.has(path)) await this.hashWritten(path);
    }
    await flushDirectory(join(this.directory, folder));
  }

  private async hashWritten(path: string): Promise<void> {
    const entry: Entry = { path, bytes: 0, sha256: "" };
    this.entries.set(path, entry);
    // Read and write: some systems refuse to flush a descriptor that can't write.
    const file = await open(join(this.directory, path), "r+");
    try {
      const hash = createHash("sha256");
      for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: CHUNK_BYTES })) {
        hash.update(chunk as Buffer);
        this.count(entry, (chunk as Buffer).byteLength);
      }
      await file.sync();
      entry.sha256 = hash.digest("hex");
    } finally {
      await file.close();
    }
  }

  private count(entry: Entry, bytes: number): void {
    entry.bytes += bytes;
    this.bytes += bytes;
    this.onBytes(this.bytes);
  }
}

/** True for a relative path that stays inside its directory; backslashes would mean different things elsewhere. */
export function isInside(path: unknown): path is string {
  if (typeof path !== "string" || path === "" || path.includes("\\") || path.includes("\0")) return false;
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

async function* pieces(contents: Contents): AsyncGenerator<Uint8Array> {
  if (typeof contents === "string") yield* pieces(Buffer.from(contents, "utf8"));
  else if (contents instanceof Uint8Array)
    for (let at = 0; at < contents.byteLength; at += CHUNK_BYTES)
      yield contents.subarray(at, at + CHUNK_BYTES);
  else for await (const chunk of contents) if (chunk.byteLength > 0) yield* pieces(chunk);
}

async function writeFlushed(path: string, text: string): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
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
    // Some network file systems have no flush for directories; there is nothing better to do.
    if (!["EINVAL", "ENOTSUP"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    await directory.close();
  }
}

/** A step can only be saved twice after falling back past a bad checkpoint of the same step. */
async function moveInto(temporary: string, path: string): Promise<void> {
  try {
    await rename(temporary, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
    const aside = `${temporary}.replaced`;
    await rename(path, aside);
    await rename(temporary, path);
    await rm(aside, { recursive: true, force: true }).catch(() => {});
  }
}
