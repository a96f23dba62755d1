/** `audit` and `audit verify`: what was decided and why, from the database itself; needs no supervisor. */

import { basename } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { wallMs } from "../../../clock.ts";
import { closest } from "../../../config/check/suggest.ts";
import { EVENT_KINDS, type EventKind } from "../../../model/event.ts";
import { type Verified, verifyChain } from "../../../record/audit/verify.ts";
import { type EventFilter, readEvents, readExports } from "../../../record/read.ts";
import { misuse } from "../../../refusal.ts";
import { formatEvent } from "../../../show/event-words.ts";
import { plural } from "../../../words/list.ts";
import { number } from "../../../words/number.ts";
import { databaseOf } from "../../audit-log.ts";
import { pastMs } from "../../parse-time.ts";
import { print, printJson, printJsonLine, say } from "../../print.ts";
import type { Options } from "../../supervisors/connect.ts";

export interface AuditOptions extends Options {
  job?: string;
  since?: string;
  kind?: string;
  lines?: string;
}

/** Rows between two checks whether the output is still read. */
const BREATHE_EVERY = 1000;

export async function audit(options: AuditOptions): Promise<void> {
  const filter = filterOf(options, wallMs());
  const database = await databaseOf(options);
  let written = 0;
  let day = "";
  for (const event of readEvents(database, filter)) {
    if (options.json) printJsonLine(event);
    else {
      // Times alone would be ambiguous: each day begins with its date.
      if (event.at.slice(0, 10) !== day) print(`— ${event.at.slice(0, 10)} —`);
      day = event.at.slice(0, 10);
      print(formatEvent(event));
    }
    if (++written % BREATHE_EVERY === 0) await turn();
  }
  if (written === 0 && !options.json) print("No matching events.");
  if (written < (filter.limit ?? Number.POSITIVE_INFINITY)) sayExported(database, filter.sinceMs);
}

/** Says which matching events may be in exported files instead. */
function sayExported(database: string, sinceMs = Number.NEGATIVE_INFINITY): void {
  const exports = readExports(database).filter(({ newestMs }) => newestMs >= sinceMs);
  const [oldest, newest] = [exports[0], exports.at(-1)];
  if (oldest === undefined || newest === undefined) return;
  const files =
    exports.length === 1
      ? newest.path
      : `${exports.length} files, ${oldest.path} to ${basename(newest.path)}`;
  say(
    `Events ${number(oldest.first)} to ${number(newest.last)} were exported and aren't shown: see ${files}`,
  );
}

export async function auditVerify(options: Options & { expect?: string }): Promise<number> {
  const database = await databaseOf(options);
  const result = verifyChain(database, options.expect === undefined ? {} : { expect: options.expect });
  if (options.json) printJson(result);
  else if (!result.ok) print(`${database}: ${result.text}`);
  else {
    print(`${database}: ${plural(result.count, "event")}, whole and in order.`);
    for (const line of exportedLines(result)) print(line);
    if (result.newest !== null) {
      print(
        `To prove later that none was cut off, keep this: supervisor audit verify --expect ${result.newest.hash}`,
      );
    }
  }
  return result.ok ? 0 : 1;
}

function exportedLines({ exported }: Verified): string[] {
  if (exported === undefined) return [];
  const { files, events, absent } = exported;
  const checked = `${number(events)} older ones in ${plural(files, "exported file")}, which they follow.`;
  return [
    ...(files === 0 ? [] : [checked]),
    ...absent.map(
      ({ path, first, last }) =>
        `Events ${number(first)} to ${number(last)} were exported to ${path}, which isn't there: they weren't checked.`,
    ),
  ];
}

function filterOf({ job, since, kind, lines }: AuditOptions, nowMs: number): EventFilter {
  if (kind !== undefined && !(EVENT_KINDS as readonly string[]).includes(kind)) {
    const guess = closest(kind, EVENT_KINDS);
    const hint = guess === null ? `One of: ${EVENT_KINDS.join(", ")}.` : `Did you mean '${guess}'?`;
    throw misuse(`There is no kind of event '${kind}'. ${hint}`);
  }
  if (lines !== undefined && !/^[1-9]\d*$/.test(lines))
    throw misuse(`-n must be a positive whole number, got '${lines}'.`);
  return {
    ...(job !== undefined && { job }),
    ...(kind !== undefined && { kind: kind as EventKind }),
    ...(since !== undefined && { sinceMs: pastMs(since, "--since", nowMs) }),
    ...(lines !== undefined && { limit: Number(lines) }),
  };
}
