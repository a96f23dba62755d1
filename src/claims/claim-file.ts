/**
 * One supervisor's claim on GPUs, as a file that all users can read. It counts for the file's owner alone,
 * and only while a process of that owner that it names is alive: a forged or stale claim has no effect.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { placeOfProject } from "../config/project.ts";
import { supervisorNamed } from "../files/supervisors.ts";
import type { Claim } from "../model/machine.ts";
import { bootId } from "../sense/proc/boot-id.ts";
import { isDead, presenceOf, readStat, uidOf } from "../sense/proc/process.ts";
import { userName } from "../sense/proc/user-name.ts";

/** Far more than a claim needs; a larger file is ignored. */
const MOST_BYTES = 16_384;
const MOST_PIDS = 16;
export const CLAIM_SUFFIX = ".json";

/** The content of a claim's file; `supervisor` is one state directory of one user. */
export interface ClaimFile extends Omit<Claim, "uid" | "user" | "place"> {
  version: 1;
  supervisor: string;
  bootId: string;
}

export const claimFileName = (id: string): string => `${id}${CLAIM_SUFFIX}`;

/**
 * Null while the claim has no effect: it can't be read, is `supervisor`'s own, or names no process of its
 * owner. "ended" when every process that it names has ended, "not one" when the file is no claim: neither
 * can ever count again.
 */
export function readClaim(path: string, supervisor: string): Claim | "ended" | "not one" | null {
  const file = readOwned(path);
  if (file === null) return null;
  let content: unknown;
  try {
    content = JSON.parse(file.text);
  } catch {
    return "not one";
  }
  if (!isClaim(content)) return "not one";
  if (content.supervisor === supervisor) return null;
  if (content.bootId !== bootId()) return "ended";
  const { version: _, supervisor: __, bootId: ___, pids: named, ...claim } = content;
  const owners = named.map(({ pid, startTime }) => ownerOf(pid, startTime));
  if (owners.every((owner) => owner === null)) return "ended";
  const pids = named.filter((_, i) => owners[i] === file.uid || owners[i] === "hidden");
  // The uid in the name ties it to its owner: no user can take another's place in the line.
  const id = claim.id.startsWith(`${file.uid}-`) ? claim.id : `${file.uid}-${claim.id}`;
  if (pids.length === 0) return null;
  const place = file.uid === process.getuid?.() ? placeOf(content.supervisor) : undefined;
  return {
    ...claim,
    id,
    pids,
    uid: file.uid,
    user: userName(file.uid),
    ...(place !== undefined && { place }),
  };
}

/** By supervisor; its place doesn't change while it has the same state directory. */
const places = new Map<string, string>();

/** Where the jobs of another supervisor of our own user are at home; empty for the user's own, or unknown. */
function placeOf(supervisor: string): string {
  const known = places.get(supervisor);
  if (known !== undefined) return known;
  const record = supervisorNamed(supervisor.slice(supervisor.indexOf("-") + 1));
  const place = record === null ? "" : (placeOfProject(record.project) ?? "");
  if (record !== null) places.set(supervisor, place);
  return place;
}

/** Checks and reads through one descriptor, so that both see the same file. No links, no pipes. */
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
  const { version, id, supervisor, job, gpus, holds, sinceMs, readyMs, turn, pids } = value as ClaimFile;
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
    (turn === undefined || (typeof turn === "object" && isText(turn?.gpu) && isTime(turn.forMs)))
  );
}

/** The uid of that very process; "hidden" when we may not see it, null when it has ended. */
function ownerOf(pid: number, startTime: number | null): number | "hidden" | null {
  const stat = readStat(pid);
  if (stat === null) return presenceOf(pid) === "hidden" ? "hidden" : null;
  return isDead(stat) || startTime !== stat.startTime ? null : uidOf(pid);
}
