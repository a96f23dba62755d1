/**
 * Decides which checkpoint can be trusted: manifest, sizes and every SHA-256. Only reads.
 * Must never call a checkpoint good that it hasn't read to the last byte.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readFile, realpath } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import { type Manifest, MOST_MANIFEST_BYTES, parseManifest } from "../../contract/manifest.ts";
import { MANIFEST_FILE, stepOfName } from "../../contract/names.ts";
import { isAbsent, systemCode } from "../../contract/system-code.ts";
import { Rejected } from "../../contract/values.ts";

export interface VerifiedCheckpoint {
  /** Absolute or as given; the directory that holds the manifest. */
  path: string;
  step: number;
  /** As passed to the save, whole or fractional; null if none was. */
  epoch: number | null;
  manifest: Manifest;
}

/** A run without what can't be read now might repeat work that it holds. */
export class Unreadable extends Error {
  constructor(path: string, reason: string) {
    super(`${path} can't be read now (${reason}), and may be whole; try again, or move it away`);
  }
}

export interface RejectedCheckpoint {
  path: string;
  /** Why it can't be trusted, as half a sentence. */
  rejected: string;
  /** The system wouldn't let it be read now: that says nothing of what is in it. */
  unreadable?: true;
}

/**
 * Paths of complete-looking checkpoints, highest step first; empty if there is no directory. Rejects with Unreadable where
 * it can't be read.
 */
export async function listCheckpoints(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((error) => {
    if (!isAbsent(error)) throw new Unreadable(directory, error.message);
    return [];
  });
  return names
    .flatMap((name) => {
      const step = stepOfName(name);
      return step === null ? [] : [{ name, step }];
    })
    .sort((a, b) => b.step - a.step)
    .map(({ name }) => join(directory, name));
}

/** Reads the whole checkpoint; never throws. */
export async function verifyCheckpoint(path: string): Promise<VerifiedCheckpoint | RejectedCheckpoint> {
  try {
    const manifest = await readManifest(path);
    const root = await realpath(path);
    for (const file of manifest.files) {
      const at = join(path, file.path);
      const stat = await lstat(at);
      if (!stat.isFile()) throw new Error(`${file.path} is not a plain file`);
      // One of its folders may be a link.
      if (!(await realpath(at)).startsWith(root + sep))
        throw new Error(`${file.path} leads out of the checkpoint`);
      if (stat.size !== file.bytes) throw new Error(`${file.path} has ${stat.size} bytes, not ${file.bytes}`);
      if ((await sha256Of(at)) !== file.sha256)
        throw new Error(`${file.path} has changed since it was hashed`);
    }
    return { path, step: manifest.step, epoch: manifest.epoch, manifest };
  } catch (error) {
    const unreadable = systemCode(error) !== null && !isAbsent(error);
    return { path, rejected: (error as Error).message, ...(unreadable && { unreadable }) };
  }
}

/**
 * The newest checkpoint that verifies, with those that failed to on the way.
 * @param preferred tried before the directory's own, however old they are
 * @throws Unreadable where none does and one can't be read, or a preferred one can't
 */
export async function newestVerified(
  directory: string,
  ...preferred: (string | null)[]
): Promise<{ found: VerifiedCheckpoint | null; rejected: RejectedCheckpoint[] }> {
  const rejected: RejectedCheckpoint[] = [];
  const candidates = [...preferred, ...(await listCheckpoints(directory))];
  for (const path of new Set(candidates.filter((path) => path !== null))) {
    const result = await verifyCheckpoint(path);
    if (!("rejected" in result)) return { found: result, rejected };
    if (result.unreadable && preferred.includes(path)) throw new Unreadable(path, result.rejected);
    rejected.push(result);
  }
  const unreadable = rejected.find((one) => one.unreadable);
  if (unreadable) throw new Unreadable(unreadable.path, unreadable.rejected);
  return { found: null, rejected };
}

/** @throws with a readable reason when the manifest is missing, malformed or of another step */
async function readManifest(path: string): Promise<Manifest> {
  const at = join(path, MANIFEST_FILE);
  const stat = await lstat(at);
  // Reading a pipe would wait for a writer.
  if (!stat.isFile() || stat.size > MOST_MANIFEST_BYTES)
    throw new Error(`${MANIFEST_FILE} isn't a plain file of at most ${MOST_MANIFEST_BYTES} bytes`);
  const manifest = parseManifest(await readFile(at), basename(path));
  if (manifest instanceof Rejected) throw new Error(`${MANIFEST_FILE} ${manifest.reason}`);
  return manifest;
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 4 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
