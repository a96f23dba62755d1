/**
 * Whether a safetensors file has all the bytes that its header tells: a length, a header in JSON with where
 * each tensor lies, the tensors. Reads the header alone.
 */
import type { Parts } from "./read-part.ts";

/** The format's own limit. */
const MOST_HEADER_BYTES = 100_000_000;

/** What is wrong, as the rest of a sentence, or null. */
export function brokenSafetensors(file: Parts): string | null {
  const head = file.read(0, 8);
  if (head.length < 8) return "is cut short";
  const length = head.readBigUInt64LE(0);
  if (length > MOST_HEADER_BYTES) return "isn't a safetensors file";
  const dataAt = 8 + Number(length);
  if (dataAt > file.bytes) return "is cut short in its header";
  const end = lastByte(file.read(8, Number(length)).toString("utf8"));
  if (end === null) return "has a damaged header";
  return dataAt + end === file.bytes ? null : `has ${file.bytes} bytes instead of ${dataAt + end}`;
}

/** Null for a header that isn't one. */
function lastByte(header: string): number | null {
  try {
    let last = 0;
    for (const [name, tensor] of Object.entries(JSON.parse(header) as Record<string, unknown>)) {
      if (name === "__metadata__") continue;
      const end = (tensor as { data_offsets?: unknown[] }).data_offsets?.[1];
      if (typeof end !== "number") return null;
      last = Math.max(last, end);
    }
    return last;
  } catch {
    return null;
  }
}
