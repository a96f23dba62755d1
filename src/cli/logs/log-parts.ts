/** A job's log as one text: the parts that rotation has set aside, oldest first, and the one written to. */
import { closeSync, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { refusing } from "../../refusal.ts";

const BLOCK_BYTES = 64 * 1024;
const LINE_BREAK = 0x0a;

export interface Part {
  fd: number;
  inode: number;
  size: number;
}

/** Where a line begins: in which part, and at which byte of it. */
export interface Spot {
  part: number;
  at: number;
}

/** The files of a log, oldest first; none where there is no log. Rotation keeps them without a gap. */
function filesOf(path: string): string[] {
  const older = [];
  for (let n = 1; statOf(`${path}.${n}`)?.isFile(); n++) older.unshift(`${path}.${n}`);
  return statOf(path)?.isFile() ? [...older, path] : older;
}

/** Undefined where there is no such file. Throws Refusal where it can't be looked at. */
export const statOf = (path: string): Stats | undefined =>
  refusing(`${path} can't be read`, () => statSync(path, { throwIfNoEntry: false }));

/** Open, so that a rotation meanwhile takes nothing away. Throws Refusal when one can't be read. */
export const openParts = (path: string): Part[] =>
  filesOf(path).map((file) => refusing(`${file} can't be read`, () => openPart(file)));

export function openPart(file: string): Part {
  const fd = openSync(file, "r");
  const { ino, size } = fstatSync(fd);
  return { fd, inode: ino, size };
}

export function closeParts(parts: Part[]): void {
  for (const { fd } of parts) closeSync(fd);
}

/** Where the last `count` lines begin; a text without a line break at the end of the log is a line, too. */
export function startOfLast(parts: Part[], count: number): Spot {
  const last = parts.length - 1;
  const buffer = Buffer.alloc(BLOCK_BYTES);
  let left = count;
  let isEnd = true;
  for (let part = last; part >= 0; part--) {
    const { fd, size } = parts[part] as Part;
    for (let end = size; end > 0; ) {
      const from = Math.max(0, end - BLOCK_BYTES);
      const read = readSync(fd, buffer, 0, end - from, from);
      for (let i = read - 1; i >= 0; i--) {
        const ends = buffer[i] === LINE_BREAK;
        // The break at the very end belongs to the last line; any other one ends the line before.
        if (ends && !isEnd && --left === 0) return { part, at: from + i + 1 };
        if (isEnd && count === 0) return { part, at: size };
        isEnd = false;
      }
      end = from;
    }
  }
  return { part: 0, at: 0 };
}

/** The bytes from `spot` on to the end of what was there when the parts were opened. */
export function* bytesFrom(parts: Part[], spot: Spot): Generator<Buffer> {
  const buffer = Buffer.alloc(BLOCK_BYTES);
  for (let part = spot.part; part < parts.length; part++) {
    const { fd, size } = parts[part] as Part;
    for (let at = part === spot.part ? spot.at : 0; at < size; ) {
      const read = readSync(fd, buffer, 0, Math.min(buffer.length, size - at), at);
      // Emptied meanwhile: a rotation has copied it.
      if (read === 0) break;
      yield buffer.subarray(0, read);
      at += read;
    }
  }
}
