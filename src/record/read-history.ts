/**
 * Events as far back as the log reaches: those in exported files first, then those in the
 * database. Reads only; a file that is gone is told, never passed over in silence.
 */
import { type AuditEvent, type EventKind, presentKind } from "../model/event.ts";
import { number } from "../words/number.ts";
import { eventOf } from "./audit/event-row.ts";
import { readExport } from "./audit/export-file.ts";
import { readEvents, readExports } from "./read.ts";

/** Events `first` to `last` that can't be read, and why. */
export interface Unread {
  first: number;
  last: number;
  reason: string;
}

export const unreadText = ({ first, last, reason }: Unread): string =>
  `Events ${number(first)} to ${number(last)} were exported and aren't counted: ${reason}.`;

/** `kinds`: null for all. `untilMs`: wall time; later events aren't read. Throws DatabaseError. */
export function* readHistory(
  path: string,
  kinds: readonly EventKind[] | null,
  untilMs: number,
): Generator<AuditEvent | Unread, void> {
  let exported = 0;
  for (const file of readExports(path)) {
    exported = file.last;
    const rows = readable(file);
    if ("reason" in rows) {
      yield { first: file.first, last: file.last, reason: rows.reason };
      continue;
    }
    for (const row of rows.rows)
      if (row.at_ms < untilMs && (kinds?.includes(presentKind(row.kind)) ?? true)) yield eventOf(row);
  }
  // Rows of a file that has just been written may still be there.
  for (const event of readEvents(path, { ...(kinds && { kind: kinds }), untilMs }))
    if (event.id > exported) yield event;
}

function readable({ path }: { path: string }) {
  try {
    const rows = readExport(path);
    return rows === null ? { reason: `there is no file ${path}` } : { rows };
  } catch (error) {
    return { reason: `${path} can't be read: ${(error as Error).message}` };
  }
}
