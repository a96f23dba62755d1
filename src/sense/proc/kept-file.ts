/**
 * Rereads small files of /proc and /sys without reopening them, which is four times cheaper. Synchronous;
 * a file that can't be read is null, with the reason kept, never an exception. Only for files that the
 * kernel generates: they have no size, and reading them doesn't block.
 */
import { closeSync, openSync, readSync } from "node:fs";

/** The kernel returns pid lists page by page; a shorter read is the last one. Single records come whole. */
const NEARLY_A_PAGE = 4000;

const buffer = Buffer.allocUnsafeSlow(64 * 1024);

/** Content of an open file from its start, at most 64 KiB. Throws as `readSync` does. */
function readOpen(fd: number, whole: boolean): string {
  let length = 0;
  let piece: number;
  do {
    piece = readSync(fd, buffer, length, buffer.length - length, length);
    length += piece;
  } while (whole && piece >= NEARLY_A_PAGE && length < buffer.length);
  return buffer.toString("latin1", 0, length);
}

/** Reads a file once; null when it can't be read: a process's file because it is gone or hidden. */
export function readOnce(path: string, whole = false): string | null {
  let fd = -1;
  try {
    fd = openSync(path, "r");
    return readOpen(fd, whole);
  } catch {
    return null;
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

export interface KeptFile {
  /** Null when it can't be read; the next call reopens it. */
  read(): string | null;
  /** Why the last read failed, such as "ENOENT"; null after a success. */
  readonly error: string | null;
  close(): void;
}

/** `whole`: read to the end (lists), not just once (records). */
export function keepFile(path: string, whole = false): KeptFile {
  let fd = -1;
  let error: string | null = null;
  const close = () => {
    if (fd >= 0) closeSync(fd);
    fd = -1;
  };
  return {
    read() {
      try {
        if (fd < 0) fd = openSync(path, "r");
        error = null;
        return readOpen(fd, whole);
      } catch (problem) {
        error = (problem as NodeJS.ErrnoException).code ?? String(problem);
        close();
        return null;
      }
    },
    get error() {
      return error;
    },
    close,
  };
}

/**
 * Kept files by path, at most `most` open at a time. A sweep closes those that weren't read since the last.
 * A kept /proc/PID file never shows another process with the same pid.
 */
export class KeptFiles {
  #files = new Map<string, { file: KeptFile; used: boolean }>();
  readonly #most: number;

  constructor(most = 512) {
    this.#most = most;
  }

  read(path: string, whole = false): string | null {
    let kept = this.#files.get(path);
    if (!kept) {
      if (this.#files.size >= this.#most) return readOnce(path, whole);
      kept = { file: keepFile(path, whole), used: true };
      this.#files.set(path, kept);
    }
    kept.used = true;
    const text = kept.file.read();
    if (text === null) this.#files.delete(path);
    return text;
  }

  sweep(): void {
    for (const [path, kept] of this.#files) {
      if (!kept.used) {
        kept.file.close();
        this.#files.delete(path);
      }
      kept.used = false;
    }
  }

  close(): void {
    for (const { file } of this.#files.values()) file.close();
    this.#files.clear();
  }
}
