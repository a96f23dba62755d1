/**
 * Whether a zip archive (PyTorch, Lightning, Keras 3, NumPy) was written to its end: its directory comes last
 * and says where it begins. Layout: PKWARE's APPNOTE.TXT, 4.3. Reads the end alone.
 */
import type { Parts } from "./read-part.ts";

const signature = (text: string): Buffer => Buffer.from(`PK${text}`, "latin1");
const LOCAL_FILE = signature("\x03\x04");
const DIRECTORY_ENTRY = signature("\x01\x02");
const END = signature("\x05\x06");
const LARGE_END = signature("\x06\x06");
const LARGE_LOCATOR = signature("\x06\x07");
const END_BYTES = 22;
const LARGE_END_BYTES = 56;
const LOCATOR_BYTES = 20;
const LONGEST_COMMENT = 0xffff;

/** `endsAt`: where the record that follows it begins. */
interface Directory {
  offset: number;
  size: number;
  endsAt: number;
}

export const isZip = (head: Buffer): boolean => head.subarray(0, 4).equals(LOCAL_FILE);

/** What is wrong, as the rest of a sentence, or null. */
export function brokenZip(file: Parts): string | null {
  const tailAt = Math.max(0, file.bytes - END_BYTES - LONGEST_COMMENT);
  const tail = file.read(tailAt, END_BYTES + LONGEST_COMMENT);
  const end = findEnd(tail);
  if (end === null) return "is cut short: the directory at the end of its zip archive is missing";
  const found = directoryOf(file, tail.subarray(end), tailAt + end);
  if (found === null) return "has a damaged zip directory";
  const begins = found.endsAt - found.size;
  // Something may stand before an archive, but nothing may be missing in it.
  if (begins < found.offset) return "has lost a part of its zip archive";
  if (found.size > 0 && !file.read(begins, 4).equals(DIRECTORY_ENTRY)) return "has a damaged zip directory";
  return null;
}

/** The end record's comment reaches to the end of the file; its signature may stand in one, too. */
function findEnd(tail: Buffer): number | null {
  for (let at = tail.lastIndexOf(END); at >= 0; at = at === 0 ? -1 : tail.lastIndexOf(END, at - 1))
    if (at + END_BYTES <= tail.length && at + END_BYTES + tail.readUInt16LE(at + 20) === tail.length)
      return at;
  return null;
}

/** PyTorch writes the record of large archives into small ones, too. */
function directoryOf(file: Parts, end: Buffer, endAt: number): Directory | null {
  const locator = file.read(endAt - LOCATOR_BYTES, LOCATOR_BYTES);
  if (!locator.subarray(0, 4).equals(LARGE_LOCATOR))
    return { size: end.readUInt32LE(12), offset: end.readUInt32LE(16), endsAt: endAt };
  const endsAt = endAt - LOCATOR_BYTES - LARGE_END_BYTES;
  const record = file.read(endsAt, LARGE_END_BYTES);
  if (record.length < LARGE_END_BYTES || !record.subarray(0, 4).equals(LARGE_END)) return null;
  return { size: Number(record.readBigUInt64LE(40)), offset: Number(record.readBigUInt64LE(48)), endsAt };
}
