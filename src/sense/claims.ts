/**
 * Reads what supervisors of this machine tell of their jobs: which run, which GPUs those hold or wait for. A claim
 * counts for its file's owner only, and only while a process of that owner that it names is alive: a
 * forged or stale one says nothing. Reads only, never throws.
 */
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import type { Claim } from "../model.ts";
import { claimDirectories } from "../paths.ts";
import { isDead, readStat, uidOf } from "./process.ts";
import { bootId } from "./run.ts";
import { userName } from "./user-name.ts";

/** More than anybody needs; who writes more is not listened to. */
const MOST_FILES = 1000;
const MOST_BYTES = 16_384;
const MOST_PIDS = 16;
const SUFFIX = ".json";

/** The content of a claim's file; `supervisor` is one state directory of one user. */
export interface ClaimFile extends Omit<Claim, "uid" | "user"> {
  version: 1;
  supervisor: string;
  bootId: string;
}

export const claimFileName = (id: string): string => `${id}${SUFFIX}`;

/** Claims of all supervisors but `supervisor`, in the order of the line. */
export function readClaims(supervisor: string, directories: string[] = claimDirectories()): Claim[] {
  const found = new Map<string, Claim>();
  for (const directory of directories) {
    for (const name of namesIn(directory)) {
      // Our own are told apart by name already: there may be a hundred, and they say nothing new.
      if (name.startsWith(`${supervisor}-`)) continue;
      const claim = readClaim(join(directory, name), supervisor);
      if (claim !== null && !found.has(`${claim.uid} ${claim.id}`))
        found.set(`${claim.uid} ${claim.id}`, claim);
    }
  }
  return [...found.values()].sort((a, b) => a.sinceMs - b.sinceMs || (a.id < b.id ? -1 : 1));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith(SUFFIX) && !name.startsWith("."))
      .slice(0, MOST_FILES);
  } catch {
    return [];
  }
}

function readClaim(path: string, supervisor: string): Claim | null {
  const file = readOwned(path);
  if (file === null) return null;
  let content: unknown;
  try {
    content = JSON.parse(file.text);
  } catch {
    return null;
  }
  if (!isClaim(content) || content.supervisor === supervisor || content.bootId !== bootId()) return null;
  const { version: _, supervisor: __, bootId: ___, pids: named, ...claim } = content;
  const pids = named.filter(({ pid, startTime }) => belongsTo(pid, startTime, file.uid));
  // The name stands for its owner: nobody can stand in another's place.
  const id = claim.id.startsWith(`${file.uid}-`) ? claim.id : `${file.uid}-${claim.id}`;
  return pids.length === 0 ? null : { ...claim, id, pids, uid: file.uid, user: userName(file.uid) };
}

/** By its descriptor, so that what is read is what was looked at; no links, no pipes. */
function readOwned(path: string): { text: string; uid: number } | null {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile() || stat.size > MOST_BYTES) return null;
    const bytes = Buffer.alloc(stat.size);
    return { text: bytes.toString("utf8", 0, readSync(file, bytes, 0, stat.size, 0)), uid: stat.uid };
  } catch {
    return null;
  } finally {
    closeSync(file);
  }
}

const isTime = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value);
const isText = (value: unknown): value is string =>
  typeof value === "string" && /^[A-Za-z0-9][A-Za-z0-9._/:-]{0,127}$/.test(value);

function isClaim(value: unknown): value is ClaimFile {
  if (typeof value !== "object" || value === null) return false;
  const { version, id, supervisor, job, gpus, holds, sinceMs, readyMs, asks, pids } = value as ClaimFile;
  return (
    version === 1 &&
    [id, supervisor, job].every(isText) &&
    typeof holds === "boolean" &&
    isTime(sinceMs) &&
    (readyMs === null || isTime(readyMs)) &&
    Array.isArray(gpus) &&
    gpus.every(isText) &&
    Array.isArray(pids) &&
    pids.length <= MOST_PIDS &&
    pids.every((one) => Number.isSafeInteger(one?.pid) && one.pid > 0) &&
    (asks === undefined || (typeof asks === "object" && isText(asks?.gpu) && isTime(asks.forMs)))
  );
}

/** Whether that very process lives and is this user's; one that is hidden from us is taken to be. */
export function belongsTo(pid: number, startTime: number | null, uid: number): boolean {
  const stat = readStat(pid);
  if (stat === null) return isHidden(pid);
  if (isDead(stat) || startTime !== stat.startTime) return false;
  return uidOf(pid) === uid;
}

function isHidden(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (problem) {
    return (problem as NodeJS.ErrnoException).code === "EPERM";
  }
}
