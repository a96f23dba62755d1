/**
 * One supervisor's claim on GPUs, as a file that all users can read. It counts for the file's owner alone,
 * and only while a process of that owner that it names is alive: a forged or stale claim has no effect.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { bootSeconds, wallMs } from "../clock.ts";
import { placeOfProject } from "../config/project.ts";
import { supervisorNamed } from "../files/supervisors.ts";
import type { Claim } from "../model/machine.ts";
import { bootId } from "../sense/proc/boot-id.ts";
import { isDead, type KnownProcess, presenceOf, readStat, uidOf } from "../sense/proc/process.ts";
import { processView } from "../sense/proc/process-view.ts";
import { userName } from "../sense/proc/user-name.ts";

/** Far more than a claim needs; a larger file is ignored. */
const MOST_BYTES = 16_384;
const MOST_PIDS = 16;
export const CLAIM_SUFFIX = ".json";
/** Unrefreshed this long and without a live process: abandoned. */
export const ABANDONED_MS = 24 * 3_600_000;

/** The content of a claim's file; `supervisor` is one state directory of one user. */
export interface ClaimFile extends Omit<Claim, "uid" | "user" | "place"> {
  version: 1;
  supervisor: string;
  bootId: string;
  /** Where its pids and start times mean something; left out where that is unknown. */
  view?: string;
}

/** Of one process's claim: no other ever gets that name, so it is free for good once the process has ended. */
export const claimFileName = (id: string, { pid, startTime }: KnownProcess): string =>
  `${id}.${pid}-${startTime ?? "unknown"}${CLAIM_SUFFIX}`;

/** Tells a file from another that gets its name, and from itself after a change. */
export const stampOf = ({ ino, ctimeMs }: Stats): string => `${ino} ${ctimeMs}`;

/**
 * What a file says. `claim` is null while it has no effect: it is `supervisor`'s own, or names no process of
 * its owner that can be seen. `never`: it can't count again, since it is no claim, or all that it names have
 * ended; `abandoned`: nor will its name be used again, since its writer has ended, too, for all to see.
 */
export type Found = { claim: Claim | null } | NeverFound;
export interface NeverFound {
  never: "abandoned" | "ended" | "no claim";
  stamp: string;
  uid: number;
}

/** Null for a file that can't be read. */
export function readClaim(path: string, supervisor: string): Found | null {
  const file = readOwned(path);
  if (file === null) return null;
  const never = (why: NeverFound["never"]): Found => ({
    never: why,
    stamp: file.stamp,
    uid: file.uid,
  });
  const content = parse(file.text);
  if (content === null) return never("no claim");
  if (content.supervisor === supervisor) return { claim: null };
  if (content.bootId !== bootId())
    return never(isOfEarlierBoot(file) && content.writer ? "abandoned" : "ended");
  const owners = content.pids.map(ownerOf);
  if (owners.every((owner) => owner === null)) return never(isAbandoned(content) ? "abandoned" : "ended");
  const pids = content.pids.filter((_, i) => owners[i] === file.uid || owners[i] === "hidden");
  return { claim: pids.length === 0 ? null : claimOf(content, pids, file.uid) };
}

/**
 * Another boot's id may also be that of a virtual machine or a container that shares the folder and began before this
 * one: it refreshes what counts there.
 */
const isOfEarlierBoot = ({ ctimeMs }: OwnedText): boolean =>
  ctimeMs < wallMs() - Math.max(bootSeconds() * 1000, ABANDONED_MS);

/** Its writer has ended, told by pids that mean the same here as where they were written. */
const isAbandoned = ({ writer, view }: ClaimFile): boolean =>
  writer !== undefined && view !== undefined && view === processView() && ownerOf(writer) === null;

function claimOf(content: ClaimFile, pids: Claim["pids"], uid: number): Claim {
  const { version: _, supervisor, bootId: __, view: ___, ...claim } = content;
  // The uid in the name ties it to its owner: no user can take another's place in the line.
  const id = claim.id.startsWith(`${uid}-`) ? claim.id : `${uid}-${claim.id}`;
  const place = uid === process.getuid?.() ? placeOf(supervisor) : undefined;
  return { ...claim, id, pids, uid, user: userName(uid), ...(place !== undefined && { place }) };
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

interface OwnedText {
  text: string;
  uid: number;
  stamp: string;
  ctimeMs: number;
}

/** Checks and reads through one descriptor, so that both see the same file. No links, no pipes. */
function readOwned(path: string): OwnedText | null {
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
    const text = bytes.toString("utf8", 0, readSync(file, bytes, 0, stat.size, 0));
    return { text, uid: stat.uid, stamp: stampOf(stat), ctimeMs: stat.ctimeMs };
  } catch {
    return null;
  } finally {
    closeSync(file);
  }
}

function parse(text: string): ClaimFile | null {
  try {
    const content: unknown = JSON.parse(text);
    return isClaim(content) ? content : null;
  } catch {
    return null;
  }
}

const isTime = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value);
const isText = (value: unknown): value is string =>
  typeof value === "string" && /^[A-Za-z0-9][A-Za-z0-9._/:-]{0,127}$/.test(value);

const isProcess = (value: KnownProcess | null): boolean =>
  Number.isSafeInteger(value?.pid) && (value?.pid ?? 0) > 0;

function isClaim(value: unknown): value is ClaimFile {
  if (typeof value !== "object" || value === null) return false;
  const { version, id, supervisor, job, gpus, holds, sinceMs, readyMs, turn, pids, writer } =
    value as ClaimFile;
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
    pids.every(isProcess) &&
    (writer === undefined || isProcess(writer)) &&
    (turn === undefined || (typeof turn === "object" && isText(turn?.gpu) && isTime(turn.forMs)))
  );
}

/** The uid of that very process; "hidden" when we may not see it, null when it has ended. */
function ownerOf({ pid, startTime }: KnownProcess): number | "hidden" | null {
  const stat = readStat(pid);
  // Even an own process may be hidden: one that may not be traced, under hidepid.
  if (stat === null) return presenceOf(pid) === "gone" ? null : "hidden";
  return isDead(stat) || startTime !== stat.startTime ? null : (uidOf(pid) ?? "hidden");
}
