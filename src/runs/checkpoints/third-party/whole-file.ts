/**
 * Whether one file of a checkpoint was written to its end, as far as its format tells that by headers and
 * lengths. Loads nothing. A format that tells nothing (a plain pickle) is never called broken.
 */
import { basename } from "node:path";
import { isSystemError } from "../../../refusal.ts";
import { brokenHdf5, isHdf5 } from "./hdf5.ts";
import type { Measured } from "./measure.ts";
import { type Parts, readParts } from "./read-part.ts";
import { brokenSafetensors } from "./safetensors.ts";
import { brokenZip, isZip } from "./zip.ts";

/** Files that hold weights or states: never empty, and never zeros from their beginning. */
const OF_WEIGHTS = /\.(safetensors|keras|npz|h5|hdf5|pt|pth|ckpt|bin|th)(\.tar)?$/i;
const ALWAYS_ZIP = /\.(keras|npz)$/i;
const ALWAYS_HDF5 = /\.(h5|hdf5)$/i;
const HEAD_BYTES = 512;
const JSON_TAIL_BYTES = 64;

/**
 * What is wrong, as a sentence that begins with the file's name; null if nothing is, or it can't be told.
 * @param unread gets its path where it can't be read, so that nothing is known against it
 */
export function brokenFile({ path, bytes }: Measured["files"][number], unread: string[]): string | null {
  const name = basename(path);
  if (bytes === null) return `${name} is a link that leads nowhere`;
  const isJson = name.endsWith(".json");
  if (bytes === 0) return isJson || OF_WEIGHTS.test(name) ? `${name} is empty` : null;
  try {
    const reason = readParts(path, bytes, (file) => (isJson ? brokenJson(file) : brokenWeights(name, file)));
    return reason === null ? null : `${name} ${reason}`;
  } catch (error) {
    if (isSystemError(error)) unread.push(path);
    return null;
  }
}

function brokenWeights(name: string, file: Parts): string | null {
  if (/\.safetensors$/i.test(name)) return brokenSafetensors(file);
  const head = file.read(0, HEAD_BYTES);
  if (isZip(head)) return brokenZip(file);
  if (ALWAYS_ZIP.test(name)) return "isn't a zip archive, as such a file is";
  if (ALWAYS_HDF5.test(name) || isHdf5(head)) return brokenHdf5(file);
  // What a file system leaves of a file that wasn't on the disk yet when the power went.
  const tail = file.read(Math.max(0, file.bytes - HEAD_BYTES), HEAD_BYTES);
  const isZero = OF_WEIGHTS.test(name) && [...head, ...tail].every((byte) => byte === 0);
  return isZero ? "holds zeros instead of data" : null;
}

function brokenJson(file: Parts): string | null {
  const tail = file.read(Math.max(0, file.bytes - JSON_TAIL_BYTES), JSON_TAIL_BYTES).toString("latin1");
  const opens = file.read(0, 1).toString("latin1");
  const closes = opens === "{" ? "}" : opens === "[" ? "]" : "";
  return tail.trimEnd().endsWith(closes) ? null : "is cut short";
}
