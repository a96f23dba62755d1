/** Pages per MiB, from the auxiliary vector (AT_PAGESZ): pages of 4 KiB aren't universal. */
import { readFileSync } from "node:fs";

const AT_PAGESZ = 6n;

export function pageBytes(auxiliary: Buffer | null = readAuxiliary()): number {
  for (let at = 0; auxiliary && at + 16 <= auxiliary.length; at += 16) {
    if (auxiliary.readBigUInt64LE(at) === AT_PAGESZ) return Number(auxiliary.readBigUInt64LE(at + 8));
  }
  return 4096;
}

function readAuxiliary(): Buffer | null {
  try {
    return readFileSync("/proc/self/auxv");
  } catch {
    return null;
  }
}

export const PAGES_PER_MIB = (1024 * 1024) / pageBytes();
