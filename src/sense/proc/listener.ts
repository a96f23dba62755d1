/**
 * Who listens at a TCP port of this machine, as /proc tells it: the socket and its user are told to everybody, the
 * process only to its own user and to root. Reads only.
 */
import { readdirSync, readlinkSync } from "node:fs";
import { readOnce } from "./kept-file.ts";
import { listPids } from "./process.ts";

/** A listening socket, by its inode, and the user that it belongs to. */
export interface Listener {
  inode: string;
  uid: number;
}

/** As /proc/net/tcp numbers states. */
const LISTENS = "0A";

/** Null where nothing is seen to listen there: also where there is no /proc, or it is another's network namespace. */
export function listenerAt(port: number): Listener | null {
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    const found = parseListener(readOnce(table, true) ?? "", port);
    if (found !== null) return found;
  }
  return null;
}

export function parseListener(table: string, port: number): Listener | null {
  for (const line of table.split("\n")) {
    const [, local = "", , state, , , , uid = "", , inode = ""] = line.trim().split(/\s+/);
    if (state === LISTENS && Number.parseInt(local.split(":")[1] ?? "", 16) === port && inode !== "0")
      return { inode, uid: Number(uid) };
  }
  return null;
}

/** Whether one of its open files is the socket; false where they can't be read. */
export function holdsSocket(pid: number, inode: string): boolean {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).some((fd) => targetOf(`${folder}/${fd}`) === `socket:[${inode}]`);
  } catch {
    return false;
  }
}

function targetOf(link: string): string | null {
  try {
    return readlinkSync(link);
  } catch {
    return null;
  }
}

/** Of several that share it the one with the lowest pid: the others were forked from it. Null where none shows it. */
export const holderOf = (inode: string): number | null =>
  listPids()
    .sort((a, b) => a - b)
    .find((pid) => holdsSocket(pid, inode)) ?? null;
