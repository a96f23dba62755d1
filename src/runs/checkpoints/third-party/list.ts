/**
 * Finds the checkpoints of a job that doesn't know us: what its pattern matches and its own runs wrote. Orders
 * them by step where their names surely tell it, else by the time of writing. Writes nothing, never throws.
 */
import { basename } from "node:path";
import type { Checkpoint, Stock } from "../../../model/run.ts";
import { FILE_CLOCK_MS } from "../../../model/time.ts";
import { expandGlob, type Match } from "./expand-glob.ts";
import { type Measured, measure, targetOf } from "./measure.ts";
import { stepInNames } from "./step-in-name.ts";
import { brokenFile } from "./whole-file.ts";
import { incomplete } from "./whole-set.ts";

/** What each path looked like at the last look, and what was found against it since. Keep one per job. */
export type LastLook = Map<string, { stamp: string; broken?: string | null }>;

export interface Where {
  pattern: string;
  cwd: string;
  /** Wall time of the job's first run; what was written before isn't its own. */
  sinceMs: number;
  /** Whether something may still write: then what isn't whole yet is left out, and not called broken. */
  written: boolean;
  /** Those that the job went by. In a folder that can't be listed now nothing matches, and none of them is gone. */
  known?: readonly Checkpoint[];
}

/** The newest and its fallbacks: the checks of a thousand older ones would hold up a tick. */
const ENOUGH = 8;
/** Names under which programs write before they rename. */
const TEMPORARY = /(^|[._-])(tmp|temp|incomplete|partial)([._\-\d]|$)|\.part$/i;

/** Newest first. A file counts once two looks agree on its size and age: until then it may be half written. */
export function listThirdParty(where: Where, lastLook: LastLook): Stock {
  const unread: string[] = [];
  const found = findSettled(where, lastLook, unread);
  const own = found.filter(({ createdAtMs }) => createdAtMs >= where.sinceMs - FILE_CLOCK_MS);
  const rest = unread.length > 0 && { unread };
  if (own.length === 0) return { checkpoints: [], rejected: tooOld(inOrder(found)), ...rest };
  const list: Stock = { checkpoints: [], rejected: [], ...rest };
  for (const checkpoint of inOrder(own)) {
    if (list.checkpoints.length === ENOUGH) break;
    const reason = brokenBecause(checkpoint.path, lastLook);
    if (reason === null) list.checkpoints.push(checkpoint);
    else if (!where.written) list.rejected.push({ path: checkpoint.path, reason });
  }
  return list;
}

function findSettled(where: Where, lastLook: LastLook, unread: string[]): Checkpoint[] {
  const before = new Map(lastLook);
  lastLook.clear();
  const found: Checkpoint[] = [];
  const unlisted: string[] = [];
  const look = (path: string, as: (seen: Measured) => Checkpoint): void => {
    const seen = measure(path);
    if (seen === "unread") unread.push(path);
    if (seen === null || seen === "unread" || seen.bytes === 0) return;
    const stamp = `${seen.bytes} ${seen.newestMs} ${seen.files.length}`;
    const known = before.get(path);
    const same = known?.stamp === stamp;
    lastLook.set(path, same ? known : { stamp });
    if (same) found.push(as(seen));
  };
  for (const match of expandGlob(where.pattern, where.cwd, unlisted)) {
    const path = targetOf(match.path);
    if (lastLook.has(path) || TEMPORARY.test(basename(path))) continue;
    look(path, (seen) => asCheckpoint(path, match, seen));
  }
  for (const one of where.known ?? []) {
    if (lastLook.has(one.path) || !unlisted.some((folder) => one.path.startsWith(`${folder}/`))) continue;
    look(one.path, ({ bytes, newestMs }) => ({ ...one, bytes, createdAtMs: newestMs }));
  }
  // Where none is known, the job's own may be in there.
  if (!where.known?.length) unread.push(...unlisted);
  return found;
}

/** Looked into once, and again when it changes or while a part of it can't be looked at. */
function brokenBecause(path: string, lastLook: LastLook): string | null {
  const known = lastLook.get(path);
  if (known?.broken !== undefined) return known.broken;
  const seen = measure(path);
  if (seen === "unread") return null;
  const unread: string[] = [];
  const broken = seen === null ? "it is gone" : notWhole(path, seen.files, unread);
  if (known !== undefined && unread.length === 0) known.broken = broken;
  return broken;
}

function notWhole(path: string, files: Measured["files"], unread: string[]): string | null {
  for (const file of files) {
    const reason = brokenFile(file, unread);
    if (reason !== null) return reason;
  }
  return incomplete(path, files, unread);
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
function tooOld([newest, ...more]: Checkpoint[]): Stock["rejected"] {
  if (newest === undefined) return [];
  const others = more.length === 0 ? "" : ` (nor ${more.length} more like it)`;
  return [
    {
      path: newest.path,
      reason: `it was written before this job's first run${others}; "checkpoint": { "adoptExisting": true } takes it`,
    },
  ];
}
