/**
 * Finds the checkpoints of a job that doesn't know us: what its pattern matches and its own runs wrote. Orders
 * them by step where their names surely tell it, else by the time of writing. Writes nothing, never throws.
 */
import { basename } from "node:path";
import type { Checkpoint } from "../../../model/run.ts";
import { FILE_CLOCK_MS } from "../../../model/time.ts";
import type { CheckpointList } from "../quick-check.ts";
import { expandGlob, type Match } from "./expand-glob.ts";
import { type Measured, measure, targetOf } from "./measure.ts";
import { stepInNames } from "./step-in-name.ts";

/** What each path looked like at the last look. Keep one per job. */
export type LastLook = Map<string, string>;

export interface Where {
  pattern: string;
  cwd: string;
  /** Wall time of the job's first run; what was written before isn't its own. */
  sinceMs: number;
}

/** Newest first. A file counts once two looks agree on its size and age: until then it may be half written. */
export function listThirdParty({ pattern, cwd, sinceMs }: Where, lastLook: LastLook): CheckpointList {
  const before = new Map(lastLook);
  lastLook.clear();
  const found: Checkpoint[] = [];
  const strange: Checkpoint[] = [];
  for (const match of expandGlob(pattern, cwd)) {
    const path = targetOf(match.path);
    const seen = lastLook.has(path) ? null : measure(path);
    if (seen === null || seen.bytes === 0) continue;
    const stamp = `${seen.bytes} ${seen.newestMs} ${seen.files.length}`;
    lastLook.set(path, stamp);
    if (before.get(path) !== stamp) continue;
    const checkpoint = asCheckpoint(path, match, seen);
    (seen.newestMs < sinceMs - FILE_CLOCK_MS ? strange : found).push(checkpoint);
  }
  return { checkpoints: inOrder(found), rejected: found.length > 0 ? [] : tooOld(inOrder(strange)) };
}

function asCheckpoint(path: string, { names }: Match, { bytes, newestMs }: Measured): Checkpoint {
  return {
    path,
    step: stepInNames([basename(path), ...names]),
    epoch: null,
    bytes,
    createdAtMs: newestMs,
    verified: "size and age only",
  };
}

/**
 * Newest first. Steps decide between two that tell theirs, since files may be copied with any times. A name
 * without a step is placed by its time, as newer than every step that was written before it.
 */
export function inOrder(checkpoints: Checkpoint[]): Checkpoint[] {
  const placedMs = new Map<Checkpoint, number>();
  let latestMs = 0;
  for (const one of checkpoints.filter(({ step }) => step !== null).sort(byStep)) {
    latestMs = Math.max(latestMs, one.createdAtMs);
    placedMs.set(one, latestMs);
  }
  const timeOf = (one: Checkpoint): number => placedMs.get(one) ?? one.createdAtMs;
  return [...checkpoints].sort((a, b) => timeOf(b) - timeOf(a) || byStep(b, a));
}

const byStep = (a: Checkpoint, b: Checkpoint): number =>
  (a.step ?? 0) - (b.step ?? 0) || a.createdAtMs - b.createdAtMs;

/** Only the newest is told of, and only while the job has none of its own. */
function tooOld([newest, ...more]: Checkpoint[]): CheckpointList["rejected"] {
  if (newest === undefined) return [];
  const others = more.length === 0 ? "" : ` (nor ${more.length} more like it)`;
  return [
    {
      path: newest.path,
      reason: `it was written before this job's first run${others}; "checkpoint": { "adoptExisting": true } takes it`,
    },
  ];
}
