/**
 * The soft limit of open files that a program started from the user's shell would have. Node raises its own to
 * the hard one as it starts, and all that it starts inherits that.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { OPEN_FILES } from "../../spawn/exact-environment.ts";
import { readStat } from "./process.ts";

/** Null where it isn't known, or is the same as ours. */
export function openFilesOfShell(env: NodeJS.ProcessEnv = process.env): number | null {
  const told = Number(env[OPEN_FILES]);
  if (told > 0) return told;
  const own = limitOf(process.pid);
  for (const pid of shells()) {
    const limit = limitOf(pid);
    if (own === null || limit === null || limit.hard !== own.hard) return null;
    if (limit.soft < own.soft) return limit.soft;
  }
  return null;
}

/** Our parent, then those above it up to the last Node's: npx is one, and has raised the limit for us, too. */
function shells(): number[] {
  const session = readStat(process.pid)?.session;
  const above = [process.ppid];
  let count = 1;
  let stat = readStat(process.ppid);
  while (stat !== null && stat.session === session) {
    above.push(stat.parent);
    if (isNode(stat.pid)) count = above.length;
    stat = readStat(stat.parent);
  }
  return above.slice(0, count);
}

function isNode(pid: number): boolean {
  try {
    return /\/node$/.test(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    return false;
  }
}

function limitOf(pid: number): { soft: number; hard: string } | null {
  try {
    const limits = readFileSync(`/proc/${pid}/limits`, "utf8");
    const [, soft = "", hard = ""] = /^Max open files\s+(\d+)\s+(\S+)/m.exec(limits) ?? [];
    return soft === "" ? null : { soft: Number(soft), hard };
  } catch {
    return null;
  }
}
