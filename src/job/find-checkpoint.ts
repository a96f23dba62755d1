/**
 * Decides which checkpoint can be trusted: manifest, sizes and every SHA-256. Only reads.
 * Must never call a checkpoint good that it hasn't read to the last byte.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { CHECKPOINT_NAME, MANIFEST_FILE, type Manifest } from "../contract.ts";
import { isInside } from "./checkpoint-files.ts";

export interface VerifiedCheckpoint {
  /** Absolute or as given; the directory that holds the manifest. */
  path: string;
  step: number;
  epoch: number | null;
  manifest: Manifest;
}

export interface RejectedCheckpoint {
  path: string;
  /** Why it can't be trusted, as half a sentence. */
  rejected: string;
}

const MOST_MANIFEST_BYTES = 64 << 20;

/** Step of a checkpoint's name; null for any other name. */
export function stepOfName(name: string): number | null {
  const digits = CHECKPOINT_NAME.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** Paths of complete-looking checkpoints, highest step first; empty where there is no directory. */
export async function listCheckpoints(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
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
    for (const file of manifest.files) {
      const at = join(path, file.path);
      const stat = await lstat(at);
      if (!stat.isFile()) throw new Error(`${file.path} is not a plain file`);
      if (stat.size !== file.bytes) throw new Error(`${file.path} has ${stat.size} bytes, not ${file.bytes}`);
      if ((await sha256Of(at)) !== file.sha256)
        throw new Error(`${file.path} has changed since it was hashed`);
    }
    return { path, step: manifest.step, epoch: manifest.epoch ?? null, manifest };
  } catch (error) {
    return { path, rejected: (error as Error).message };
  }
}

/**
 * The newest checkpoint that verifies, with those that didn't on the way.
 * @param preferred tried before the directory's own, however old they are
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
    rejected.push(result);
  }
  return { found: null, rejected };
}

/** @throws with a reason a person can read when the manifest is missing, malformed or another step's */
async function readManifest(path: string): Promise<Manifest> {
  const at = join(path, MANIFEST_FILE);
  const { size } = await lstat(at);
  if (size > MOST_MANIFEST_BYTES) throw new Error(`${MANIFEST_FILE} is too large`);
  const value = JSON.parse(await readFile(at, "utf8")) as Partial<Manifest> | null;
  if (!value || !Number.isSafeInteger(value.step) || !Array.isArray(value.files) || value.files.length === 0)
    throw new Error(`${MANIFEST_FILE} names no step or no files`);
  const named = stepOfName(basename(path));
  if (named !== null && named !== value.step) throw new Error(`${MANIFEST_FILE} is of step ${value.step}`);
  for (const file of value.files as Partial<Manifest["files"][number]>[])
    if (
      !file ||
      !isInside(file.path) ||
      !Number.isSafeInteger(file.bytes) ||
      !/^[0-9a-f]{64}$/.test(String(file.sha256))
    )
      throw new Error(`${MANIFEST_FILE} has an entry that makes no sense: ${JSON.stringify(file)}`);
  return value as Manifest;
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 4 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
