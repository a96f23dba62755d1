/**
 * `manifest.json`, written last into a checkpoint's directory. It is valid or not: a job continues from
 * the checkpoint, so nothing of it is guessed. Writers build the file here too, so that they can never
 * commit a checkpoint that a reader refuses.
 */
import { MANIFEST_FILE, stepOfName } from "./names.ts";
import {
  isEpoch,
  isTime,
  isWhole,
  type JsonObject,
  parseObject,
  Rejected,
  refuse,
  TIME_WANTED,
  wholeFrom,
} from "./values.ts";

export interface ManifestEntry {
  /** Relative, with "/" between folders. */
  path: string;
  bytes: number;
  /** 64 hex digits, lower case. */
  sha256: string;
}

export interface Manifest {
  step: number;
  /** Whole or fractional; null if the program gave none. */
  epoch: number | null;
  createdAt: string;
  /** Ranks of the run that wrote it. */
  worldSize: number;
  files: ManifestEntry[];
}

/** Some 100,000 files. The supervisor reads manifests within a tick, which a larger one would hold up. */
export const MOST_MANIFEST_BYTES = 16 * 1024 * 1024;

/**
 * Other names are kept for the program that resumes. Without `worldSize`, one process wrote it. An epoch
 * that makes no sense is read as null: nothing depends on it, and the files may be all that is left.
 * @param directory name of the directory it lies in; a checkpoint's name gives the step, too
 */
export function parseManifest(bytes: Uint8Array, directory = ""): Manifest | Rejected {
  const raw = parseObject(bytes, MOST_MANIFEST_BYTES);
  if (raw instanceof Rejected) return raw;
  const { step, epoch, createdAt, worldSize = 1, files } = raw;
  if (!isWhole(step, 0)) return refuse("step", step, wholeFrom(0));
  const named = stepOfName(directory);
  if (named !== null && named !== step) return new Rejected(`is of step ${step}`);
  if (!isTime(createdAt)) return refuse("createdAt", createdAt, TIME_WANTED);
  if (!isWhole(worldSize, 1)) return refuse("worldSize", worldSize, wholeFrom(1));
  // The writers refuse to save nothing, so an empty list means a list was lost.
  if (!Array.isArray(files) || files.length === 0)
    return refuse("files", files, "a list of one file or more");
  const wrong = firstWrong(files);
  if (wrong) return wrong;
  return { ...raw, step, epoch: isEpoch(epoch) ? epoch : null, createdAt, worldSize, files };
}

/** @throws RangeError if no reader would accept it: too many files, or a name that can't be listed */
export function manifestText(manifest: Manifest): string {
  const text = `${JSON.stringify(manifest, null, 1)}\n`;
  const read = parseManifest(new TextEncoder().encode(text));
  if (read instanceof Rejected) throw new RangeError(`${MANIFEST_FILE} ${read.reason}`);
  return text;
}

function firstWrong(files: unknown[]): Rejected | null {
  const paths = new Set<unknown>();
  for (const [at, entry] of files.entries()) {
    const place = `files[${at}]`;
    if (typeof entry !== "object" || entry === null || Array.isArray(entry))
      return refuse(place, entry, "a file");
    const { path, bytes, sha256 } = entry as JsonObject;
    if (!isListable(path)) return refuse(`${place}.path`, path, "a path inside the checkpoint");
    // Its bytes would count twice.
    if (paths.has(path)) return refuse(`${place}.path`, path, "a path that is listed once");
    paths.add(path);
    if (!isWhole(bytes, 0)) return refuse(`${place}.bytes`, bytes, wholeFrom(0));
    // One spelling only: readers compare text, and so does `sha256sum -c`.
    if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256))
      return refuse(`${place}.sha256`, sha256, "64 lower-case hex digits");
  }
  return null;
}

/** Any file inside except the manifest, which can't hold its own hash. */
export const isListable = (path: unknown): path is string => isInside(path) && path !== MANIFEST_FILE;

/** A relative path that stays in its directory and means the same everywhere: no backslash, no lone surrogate. */
function isInside(path: unknown): path is string {
  if (typeof path !== "string" || !path.isWellFormed()) return false;
  return !/[\\\0]|(?:^|\/)\.{0,2}(?:\/|$)/.test(path);
}
