/** The end of a log file, read backwards: logs of long trainings are too large to read whole. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { refusing } from "../../refusal.ts";

/** At most the last `maxBytes` as text, from the start of a line. Throws Refusal when it can't be read. */
export function logTail(path: string, maxBytes: number): { text: string; size: number } {
  const fd = refusing(`${path} can't be read`, () => openSync(path, "r"));
  try {
    const { size } = fstatSync(fd);
    const length = Math.min(size, maxBytes);
    const buffer = Buffer.alloc(length);
    const read = readSync(fd, buffer, 0, length, size - length);
    const text = buffer.toString("utf8", 0, read);
    return { text: length < size ? text.slice(text.indexOf("\n") + 1) : text, size };
  } finally {
    closeSync(fd);
  }
}
