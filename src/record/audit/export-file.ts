/**
 * A file of exported events: gzipped lines, each one event as JSON with its columns in the database, so
 * that its hash can be checked without us. A file exists whole or not at all, and is never changed.
 */
import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { Refusal } from "../../refusal.ts";
import type { EventRow } from "./event-row.ts";

/** Far larger than any export; a larger file isn't one of ours. */
const MOST_BYTES = 1024 * 1024 * 1024;

/** Durable when it returns. Throws the system's error, and leaves no file behind then. */
export function writeExport(path: string, rows: readonly EventRow[]): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    rmSync(temporary, { force: true });
    const file = openSync(temporary, "wx", 0o600);
    try {
      writeFileSync(file, gzipSync(rows.map((row) => `${JSON.stringify(row)}\n`).join("")));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Its rows, unchecked; null when there is no such file. Throws when it can't be read. */
export function readExport(path: string): EventRow[] | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  const text = gunzipSync(bytes, { maxOutputLength: MOST_BYTES }).toString("utf8");
  return text.split("\n").flatMap((line) => (line === "" ? [] : [rowOf(line)]));
}

function rowOf(line: string): EventRow {
  const row = JSON.parse(line) as EventRow | null;
  if (!Number.isSafeInteger(row?.id)) throw new Refusal("a line in it is no event");
  return row as EventRow;
}

/** Files whose names begin with `prefix`: whole exports, and unfinished ones of killed processes. */
export function exportsAt(prefix: string): { whole: string[]; begun: string[] } {
  const folder = dirname(prefix);
  const found = readdirSync(folder).filter((name) => name.startsWith(basename(prefix)));
  const ending = (end: string) =>
    found.filter((name) => name.endsWith(end)).map((name) => join(folder, name));
  return { whole: ending(".jsonl.gz"), begun: ending(".tmp") };
}
