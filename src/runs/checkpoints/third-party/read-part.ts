/** Parts of a file, read without waiting for a pipe's other end. The formats' checks read nothing else. */
import { closeSync, constants, openSync, readSync } from "node:fs";

export interface Parts {
  bytes: number;
  /** What is there of `length` bytes at `offset`; shorter at the end of the file. */
  read(offset: number, length: number): Buffer;
}

/** @throws the system's error where it can't be opened or read */
export function readParts<T>(path: string, bytes: number, use: (file: Parts) => T): T {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const read = (offset: number, length: number): Buffer => {
      const part = Buffer.alloc(Math.max(0, Math.min(length, bytes - offset)));
      return part.subarray(0, readSync(fd, part, 0, part.length, offset));
    };
    return use({ bytes, read });
  } finally {
    closeSync(fd);
  }
}
