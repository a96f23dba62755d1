/**
 * `rank-<n>.json`: what a job reports about itself. The supervisor relies on the identity, the place and
 * the last sequence seen, so these must be right or the file doesn't count; the rest is for people, so
 * only the invalid parts are dropped. Must never let a strange loss hide a whole report.
 */
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

/** What a job may report about itself. */
export const REPORTED_STATES = [
  "ready",
  "running",
  "pausing",
  "saving",
  "standby",
  "paused",
  "finished",
  "failed",
] as const;
export type ReportedState = (typeof REPORTED_STATES)[number];

/** Renamed into place, at most once a second for progress. */
export interface StatusFile {
  runId: string;
  pid: number;
  /** Field 22 of /proc/PID/stat; null where there is none. */
  startTime: number | null;
  rank: number;
  worldSize: number;
  host: string;
  state: ReportedState;
  /** The last control sequence this rank has seen. */
  sequence: number;
  step?: number | null;
  totalSteps?: number | null;
  /** Whole or fractional. */
  epoch?: number | null;
  metrics?: Record<string, number>;
  /** Name of the newest complete checkpoint, inside the checkpoint directory. */
  checkpoint?: string | null;
  /** For the save in progress. */
  bytesSaved?: number;
  /** The last error, as a sentence; null once a later attempt has succeeded. */
  error?: string | null;
  /** Saves that have failed since the last good one. */
  failedSaves?: number;
  /** What it is to go on from can't be read now, and it ends for that: behind a launcher, its exit code 74 doesn't show. */
  unreadable?: boolean;
  /** Its program has come to its end by itself, with an exit code that isn't known in it: the rank isn't dead. */
  left?: boolean;
  /** Of a job that can stand by: its streams, and how many of them are held. */
  streams?: { open: number; held: number } | null;
  at: string;
}

/** Read at every tick that finds it changed. Writers keep to the two limits below, and so to this one. */
export const MOST_STATUS_BYTES = 64 * 1024;
const MOST_METRICS = 64;
const MOST_ERROR_LENGTH = 500;

/** Fields missing from the file are null, 0, false or empty; other names are dropped. */
export function parseStatus(bytes: Uint8Array): Required<StatusFile> | Rejected {
  const raw = parseObject(bytes, MOST_STATUS_BYTES, parseWithNaN);
  if (raw instanceof Rejected) return raw;
  return identify(raw) ?? (describe(raw) as Required<StatusFile>);
}

/** The first invalid field among those that the supervisor relies on. */
function identify({ runId, pid, rank, worldSize, state, sequence, at }: JsonObject): Rejected | null {
  if (typeof runId !== "string" || runId === "") return refuse("runId", runId, "the run's id");
  if (!isWhole(pid, 1)) return refuse("pid", pid, wholeFrom(1));
  if (!isWhole(rank, 0)) return refuse("rank", rank, wholeFrom(0));
  if (!isWhole(worldSize, rank + 1)) return refuse("worldSize", worldSize, wholeFrom(rank + 1));
  if (!REPORTED_STATES.some((name) => name === state))
    return refuse("state", state, `one of ${REPORTED_STATES.join(", ")}`);
  if (!isWhole(sequence, 0)) return refuse("sequence", sequence, wholeFrom(0));
  return isTime(at) ? null : refuse("at", at, TIME_WANTED);
}

function describe(raw: JsonObject): JsonObject {
  const { runId, pid, rank, worldSize, state, sequence, at } = raw;
  return {
    runId,
    pid,
    startTime: whole(raw.startTime, 1),
    rank,
    worldSize,
    host: typeof raw.host === "string" ? raw.host : "",
    state,
    sequence,
    step: whole(raw.step, 0),
    totalSteps: whole(raw.totalSteps, 0),
    epoch: isEpoch(raw.epoch) ? raw.epoch : null,
    metrics: metricsIn(raw.metrics),
    checkpoint: isPlainName(raw.checkpoint) ? raw.checkpoint : null,
    bytesSaved: whole(raw.bytesSaved, 0) ?? 0,
    error: errorIn(raw.error),
    failedSaves: whole(raw.failedSaves, 0) ?? 0,
    unreadable: raw.unreadable === true,
    left: raw.left === true,
    streams: streamsIn(raw.streams),
    at,
  };
}

/** The first 64 that are finite numbers under a name that fits on a line. */
export function metricsIn(value: unknown): Record<string, number> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  const plain = Object.entries(value).filter(
    (entry): entry is [string, number] => Number.isFinite(entry[1]) && /^[\w .:/%-]{1,64}$/.test(entry[0]),
  );
  return Object.fromEntries(plain.slice(0, MOST_METRICS));
}

/** Drawn and recorded, so it is short. */
export const errorIn = (value: unknown): string | null =>
  typeof value === "string" && value !== "" ? value.slice(0, MOST_ERROR_LENGTH) : null;

function streamsIn(value: unknown): { open: number; held: number } | null {
  if (typeof value !== "object" || value === null) return null;
  const { open, held } = value as JsonObject;
  return isWhole(open, 0) && isWhole(held, 0) && held <= open ? { open, held } : null;
}

const whole = (value: unknown, least: number): number | null => (isWhole(value, least) ? value : null);

/** A name inside the checkpoint directory, not a path. */
function isPlainName(value: unknown): value is string {
  return typeof value === "string" && /^[^/\\\0]{1,255}$/.test(value) && !/^\.{1,2}$/.test(value);
}

/** Many programs write a diverged loss as NaN, which isn't JSON: it is read as null. */
function parseWithNaN(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const strict = text.replace(/"(?:[^"\\]|\\.)*"|NaN|-?Infinity/g, (found) =>
      found.startsWith('"') ? found : "null",
    );
    return JSON.parse(strict);
  }
}
