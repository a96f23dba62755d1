/**
 * Reads the status files of a run (`rank-<n>.json`), which the job writes: bounded in size, every field
 * checked by the contract. No job may make the supervisor wait, crash or believe in a rank that isn't one.
 */
import { lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { MOST_STATUS_BYTES, parseStatus } from "../../contract/status.ts";
import { Rejected } from "../../contract/values.ts";
import type { RankStatus } from "../../model/seen.ts";

const MOST_RANKS = 4096;

/** The last reads, so that an unchanged directory and an unchanged file cost one `stat` each. Keep one per run. */
export interface RankMemory {
  /** By path. */
  files: Map<string, { stamp: string; status: RankStatus | null }>;
  /** The directory's list of files, and the stamp of the directory when it was read. */
  names?: string[];
  stamp?: string;
  /** Two looks found the same stamp: no change hides within one tick of the file system's clock. */
  settled?: boolean;
}

/** Sorted by rank; ignores files that name another run than `runId`. Never throws; no directory means no ranks. */
export function readRanks(
  statusDir: string,
  options: { runId?: string; memory?: RankMemory } = {},
): RankStatus[] {
  const memory: RankMemory = options.memory ?? { files: new Map() };
  const names = listRanks(statusDir, memory);
  const ranks: RankStatus[] = [];
  for (const name of names.slice(0, MOST_RANKS)) {
    const status = readRank(join(statusDir, name), options.runId, memory);
    if (status !== null && name === `rank-${status.rank}.json`) ranks.push(status);
  }
  return ranks.sort((a, b) => a.rank - b.rank);
}

function listRanks(statusDir: string, memory: RankMemory): string[] {
  try {
    const { ino, mtimeMs } = statSync(statusDir);
    const stamp = `${ino} ${mtimeMs}`;
    const same = memory.stamp === stamp;
    if (memory.names && memory.settled && same) return memory.names;
    memory.settled = same;
    memory.stamp = stamp;
    memory.names = readdirSync(statusDir).filter((name) => /^rank-\d{1,5}\.json$/.test(name));
    return memory.names;
  } catch {
    memory.settled = false;
    return [];
  }
}

function readRank(path: string, runId: string | undefined, memory: RankMemory): RankStatus | null {
  try {
    const stat = lstatSync(path);
    // A pipe would block the reader, a link could lead anywhere.
    if (!stat.isFile() || stat.size > MOST_STATUS_BYTES) return null;
    const stamp = `${stat.ino} ${stat.mtimeMs} ${stat.ctimeMs} ${stat.size}`;
    const known = memory.files.get(path);
    if (known?.stamp === stamp) return known.status;
    const status = parseRank(readFileSync(path), runId);
    memory.files.set(path, { stamp, status });
    return status;
  } catch {
    return null;
  }
}

/** Null for a file that breaks the contract, and for another run's. */
export function parseRank(bytes: Uint8Array, runId?: string): RankStatus | null {
  const file = parseStatus(bytes);
  if (file instanceof Rejected || (runId !== undefined && file.runId !== runId)) return null;
  const { runId: _, host: __, at, error, failedSaves, unreadable, left, streams, ...status } = file;
  return {
    ...status,
    atMs: Date.parse(at),
    ...(error !== null && { error }),
    ...(failedSaves > 0 && { failedSaves }),
    ...(unreadable && { unreadable }),
    ...(left && { left }),
    ...(streams !== null && { streams }),
  };
}
