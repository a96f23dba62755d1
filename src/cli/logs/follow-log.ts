/** What is appended to a log, as it comes. Rotation loses nothing: what was moved aside is read to its end first. */
import { closeSync, readSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { elapsedMs } from "../../clock.ts";
import type { LogLines } from "./log-lines.ts";
import { openPart, type Part, statOf } from "./log-parts.ts";

const LOOK_EVERY_MS = 200;
/** A run's last words, and the supervisor's line after them, are written within this time of its end. */
const LAST_WORDS_MS = 1000;

export interface Followed {
  path: string;
  /** Null: there is no log yet. */
  part: Part | null;
  /** The rotated part that was read before it. */
  before: Part | null;
  /** After each look, with what isn't a whole line yet. */
  looked(lines: LogLines): void;
  /** The job has ended: once nothing more comes, `followLog` returns. */
  ended(): boolean;
}

/** Reads from the end of `part` on until the job has ended. A log that is replaced or emptied is read from its start. */
export async function followLog(
  { path, part, before, looked, ended }: Followed,
  lines: LogLines,
): Promise<void> {
  let at = part?.size ?? 0;
  let copied = before?.inode;
  let quietSince: number | null = null;
  for (;;) {
    const from = at;
    at = part === null ? 0 : drain(part.fd, at, lines);
    const now = statOf(path);
    const replaced = now !== undefined && now.ino !== part?.inode;
    if (replaced || (now !== undefined && now.size < at)) {
      // Emptied after it was copied: the copy holds what came last.
      if (!replaced && inodeOf(`${path}.1`) !== copied) readRest(`${path}.1`, at, lines);
      if (part !== null && replaced) {
        drain(part.fd, at, lines);
        closeSync(part.fd);
      }
      if (replaced) part = openPart(path);
      at = 0;
      copied = inodeOf(`${path}.1`);
      continue;
    }
    looked(lines);
    quietSince = ended() && at === from ? (quietSince ?? elapsedMs()) : null;
    if (quietSince !== null && elapsedMs() - quietSince >= LAST_WORDS_MS) break;
    await sleep(LOOK_EVERY_MS);
  }
  if (part !== null) closeSync(part.fd);
}

const inodeOf = (path: string): number | undefined => statOf(path)?.ino;

/** Up to the end of the file. Returns where that is. */
function drain(fd: number, from: number, lines: LogLines): number {
  const buffer = Buffer.alloc(64 * 1024);
  let at = from;
  for (;;) {
    const read = readSync(fd, buffer, 0, buffer.length, at);
    if (read === 0) return at;
    lines.push(buffer.subarray(0, read));
    at += read;
  }
}

function readRest(file: string, from: number, lines: LogLines): void {
  const part = openPart(file);
  try {
    drain(part.fd, from, lines);
  } finally {
    closeSync(part.fd);
  }
}
