/**
 * Finds a job's checkpoints by a quick check: a valid manifest, and every file inside the directory and
 * of the right size. Hashes nothing (verify.ts does, once), writes nothing, and follows no path out of
 * the checkpoint's directory.
 */
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, join, sep } from "node:path";
import {
  type Manifest,
  type ManifestEntry,
  MOST_MANIFEST_BYTES,
  parseManifest,
} from "../../contract/manifest.ts";
import { MANIFEST_FILE, stepOfName } from "../../contract/names.ts";
import { isAbsent, systemCode } from "../../contract/system-code.ts";
import { Rejected } from "../../contract/values.ts";
import type { Checkpoint, Stock } from "../../model/run.ts";

/** The last list with the directory's stamp. Keep one per job, so that a look reads the directory only when it changes. */
export interface CheckpointMemory {
  stamp?: string;
  /** Two looks found the same stamp: no change hides within one tick of the file system's clock. */
  settled?: boolean;
  list?: Stock;
}

/** Never throws; no directory means no checkpoints. */
export function listCheckpoints(directory: string, memory: CheckpointMemory = {}): Stock {
  let names: string[];
  try {
    // Without an error for each look at each job that has none yet.
    const stat = statSync(directory, { throwIfNoEntry: false });
    if (stat === undefined) return noneIn(memory);
    const stamp = `${stat.ino} ${stat.mtimeMs}`;
    if (memory.list && memory.settled && memory.stamp === stamp) return memory.list;
    memory.settled = memory.stamp === stamp;
    memory.stamp = stamp;
    names = readdirSync(directory);
  } catch (error) {
    if (isAbsent(error)) return noneIn(memory);
    memory.settled = false;
    // What can't be read may all be there.
    return { checkpoints: [], rejected: [], ...memory.list, unread: [directory] };
  }
  const list: Stock = { checkpoints: [], rejected: [] };
  const unread: string[] = [];
  for (const name of names.filter((entry) => stepOfName(entry) !== null)) {
    const found = inspectCheckpoint(join(directory, name));
    if (!("reason" in found)) list.checkpoints.push(found);
    else if (found.unread) unread.push(found.path);
    // The job removes its old checkpoints itself: one that is gone was not broken.
    else if (existsSync(found.path)) list.rejected.push({ path: found.path, reason: found.reason });
  }
  if (unread.length > 0) {
    memory.settled = false;
    list.unread = unread;
    const before = memory.list?.checkpoints ?? [];
    list.checkpoints.push(...before.filter(({ path }) => unread.includes(path)));
  }
  list.checkpoints.sort((a, b) => (b.step ?? 0) - (a.step ?? 0) || b.createdAtMs - a.createdAtMs);
  memory.list = list;
  return list;
}

function noneIn(memory: CheckpointMemory): Stock {
  memory.settled = false;
  return { checkpoints: [], rejected: [] };
}

/** What is against a checkpoint. `unread`: the system doesn't let it be read now, which says nothing of it. */
export interface Objection {
  path: string;
  reason: string;
  unread?: true;
}

/** Checks one directory: the checkpoint, or the reason why it isn't one. */
export function inspectCheckpoint(path: string): Checkpoint | Objection {
  let manifest: Manifest | Rejected;
  let bytes = 0;
  try {
    manifest = readManifest(path);
    if (manifest instanceof Rejected) return { path, reason: `its manifest ${manifest.reason}` };
    for (const file of manifest.files) {
      const reason = checkFile(path, file);
      if (reason !== null) return { path, reason };
      bytes += file.bytes;
    }
  } catch (error) {
    const code = systemCode(error);
    if (code === null) throw error;
    return { path, reason: `it can't be read (${code})`, unread: true };
  }
  return {
    path,
    step: manifest.step,
    epoch: manifest.epoch,
    bytes,
    createdAtMs: Date.parse(manifest.createdAt),
    verified: "quick",
  };
}

function checkFile(directory: string, file: ManifestEntry): string | null {
  try {
    const path = realpathSync(join(directory, file.path));
    if (!path.startsWith(realpathSync(directory) + sep)) return `${file.path} leads out of the checkpoint`;
    const stat = lstatSync(join(directory, file.path));
    if (!stat.isFile()) return `${file.path} isn't a plain file`;
    return stat.size === file.bytes ? null : `${file.path} has ${stat.size} bytes instead of ${file.bytes}`;
  } catch (error) {
    if (!isAbsent(error)) throw error;
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? `${file.path} is missing` : `${file.path} can't be read (${code})`;
  }
}

function readManifest(directory: string): Manifest | Rejected {
  const path = join(directory, MANIFEST_FILE);
  try {
    const stat = lstatSync(path);
    // A pipe would block the reader, a link could lead anywhere.
    if (!stat.isFile()) return new Rejected("isn't a plain file");
    if (stat.size > MOST_MANIFEST_BYTES) return new Rejected(`is larger than ${MOST_MANIFEST_BYTES} bytes`);
    return parseManifest(readFileSync(path), basename(directory));
  } catch (error) {
    if (!isAbsent(error)) throw error;
    const { code } = error as NodeJS.ErrnoException;
    return new Rejected(code === "ENOENT" ? "is missing" : `can't be read (${code})`);
  }
}
