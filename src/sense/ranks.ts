/**
 * The status files of a run (`rank-<n>.json`), which the job writes: read with a bound on their size,
 * every field checked. What isn't understood is ignored; a job can't make the supervisor wait,
 * crash or believe a rank that isn't one.
 */
import { lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { REPORTED_STATES } from "../contract.ts";
import type { RankStatus } from "../model.ts";

const MOST_BYTES = 64 * 1024;
const MOST_RANKS = 4096;
const MOST_METRICS = 64;
const MOST_ERROR = 500;

/** What was read before, so that an unchanged directory and an unchanged file cost one `stat` each. Keep one per run. */
export interface RankMemory {
  /** By path. */
  files: Map<string, { stamp: string; status: RankStatus | null }>;
  /** The directory's list of files, and when it was made. */
  names?: string[];
  stamp?: string;
  /** Looked at twice with the same stamp: a change within one tick of the file system's clock was seen too. */
  settled?: boolean;
}

/** By rank. `runId`: files that name another run are ignored. Never throws; no directory is no ranks. */
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
    // A pipe would make the reader wait, a link could lead anywhere.
    if (!stat.isFile() || stat.size > MOST_BYTES) return null;
    const stamp = `${stat.ino} ${stat.mtimeMs} ${stat.ctimeMs} ${stat.size}`;
    const known = memory.files.get(path);
    if (known?.stamp === stamp) return known.status;
    const status = parseRank(readFileSync(path, "utf8"), runId);
    memory.files.set(path, { stamp, status });
    return status;
  } catch {
    return null;
  }
}

const whole = (value: unknown, least: number): number | null =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= least ? value : null;

/** Null unless every field that the supervisor relies on is right; the rest is null by itself where it isn't. */
export function parseRank(text: string, runId?: string): RankStatus | null {
  const raw = parseJson(text);
  if (typeof raw !== "object" || raw === null) return null;
  const file = raw as Record<string, unknown>;
  const rank = whole(file.rank, 0);
  const worldSize = whole(file.worldSize, 1);
  const pid = whole(file.pid, 1);
  const sequence = whole(file.sequence, 0);
  const state = REPORTED_STATES.find((name) => name === file.state);
  const atMs = typeof file.at === "string" ? Date.parse(file.at) : Number.NaN;
  if (rank === null || worldSize === null || pid === null || sequence === null || !state) return null;
  if (rank >= worldSize || Number.isNaN(atMs)) return null;
  if (runId !== undefined && file.runId !== runId) return null;
  return {
    rank,
    worldSize,
    pid,
    startTime: whole(file.startTime, 1),
    state,
    sequence,
    step: whole(file.step, 0),
    totalSteps: whole(file.totalSteps, 0),
    epoch: whole(file.epoch, 0),
    metrics: numbersIn(file.metrics),
    checkpoint: plainName(file.checkpoint),
    bytesSaved: whole(file.bytesSaved, 0) ?? 0,
    atMs,
    ...sentence(file.error),
    ...((whole(file.failedSaves, 1) ?? 0) > 0 && { failedSaves: file.failedSaves as number }),
  };
}

/** Drawn and recorded, so it is one short line. */
function sentence(error: unknown): { error?: string } {
  return typeof error === "string" && error !== "" ? { error: error.slice(0, MOST_ERROR) } : {};
}

/** Python writes a diverged loss as NaN, which isn't JSON: that must not hide the whole report. */
function parseJson(text: string): unknown {
  for (const attempt of [text, text.replace(/([:[,]\s*)(?:NaN|-?Infinity)(?=\s*[,\]}])/g, "$1null")]) {
    try {
      return JSON.parse(attempt);
    } catch {
      // Tried once more without NaN, then given up.
    }
  }
  return null;
}

function numbersIn(value: unknown): Record<string, number> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  const finite = Object.entries(value).filter(
    (entry): entry is [string, number] => Number.isFinite(entry[1]) && /^[\w .:/%-]{1,64}$/.test(entry[0]),
  );
  return Object.fromEntries(finite.slice(0, MOST_METRICS));
}

/** A name inside the checkpoint directory, not a path. */
function plainName(value: unknown): string | null {
  const plain = typeof value === "string" && /^[^/\\\0]{1,255}$/.test(value) && !/^\.{1,2}$/.test(value);
  return plain ? value : null;
}
