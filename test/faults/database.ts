/** Databases that are broken, somebody else's, or were tampered with. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import type { AuditEvent } from "../../src/model/event.ts";
import { exportPath } from "../../src/record/audit/anchor.ts";
import { verifyChain } from "../../src/record/audit/verify.ts";
import { openDatabase } from "../../src/record/database/open.ts";
import { createJournal } from "../../src/record/journal.ts";
import { readEvents } from "../../src/record/read.ts";
import { upkeep } from "../../src/record/upkeep/upkeep.ts";
import { DAY, daysMs, KEEP_10_DAYS, pathsOf, rewrite, rowsIn } from "../record/audit/export.ts";
import { at, event, RETENTION } from "../record/material.ts";
import { type Fault, type Group, thrown } from "./fault.ts";
import { within } from "./files.ts";

const NOW_MS = Date.UTC(2026, 10, 22, 10);

/** Ten events, then somebody who has dropped the triggers. */
const tampered = (fault: string, sql: string): Fault => ({
  fault,
  gives: within((folder) => {
    const path = join(folder, "audit.sqlite");
    const journal = createJournal(path, { retention: RETENTION });
    for (let i = 1; i <= 10; i++) journal.append([event(`event ${i}`)], at(i));
    const expect = journal.tail(1)[0]?.hash as string;
    journal.close();
    const db = new Sqlite(path);
    db.exec("DROP TRIGGER events_no_update; DROP TRIGGER events_no_delete; DROP TRIGGER events_in_order");
    db.exec(sql);
    db.close();
    const result = verifyChain(path, { expect });
    if (result.ok) throw new Error(`not found: ${fault}`);
    return result.text;
  }),
});

/** As many days as events, all but the last eleven exported; then somebody who has dropped the triggers. */
const exported = (fault: string, harm: (db: Sqlite.Database, file: string) => void): Fault => ({
  fault,
  gives: within((folder) => {
    const path = join(folder, "audit.sqlite");
    const journal = createJournal(path, { retention: RETENTION });
    for (let day = 1; day <= 30; day++) journal.append([event(`day ${day}`)], at(day * DAY));
    const [fifth] = [...readEvents(path)].slice(4);
    upkeep(path, KEEP_10_DAYS, daysMs(30));
    journal.close();
    const db = new Sqlite(path);
    db.exec("DROP TRIGGER events_no_delete; DROP TRIGGER exports_no_update");
    harm(db, pathsOf(path)[0] as string);
    db.close();
    const result = verifyChain(path, { expect: fifth?.hash as string });
    if (result.ok) throw new Error(`not found: ${fault}`);
    return hashless(result.text);
  }),
});
const hashless = (text: string): string => text.replaceAll(/-[0-9a-f]{12}(?=\.jsonl)/g, "-…");

/** Housekeeping that can't write its export. */
const unwritable: Fault = {
  fault: "the file for old events can't be written",
  gives: within((folder) => {
    const path = join(folder, "audit.sqlite");
    const journal = createJournal(path, { retention: RETENTION });
    for (let day = 1; day <= 30; day++) journal.append([event(`day ${day}`)], at(day * DAY));
    const { hash } = [...readEvents(path)][18] as AuditEvent;
    journal.close();
    mkdirSync(exportPath(path, { first: 1, last: 19, hash }));
    const said = thrown(() => upkeep(path, KEEP_10_DAYS, daysMs(30))).replace(/\.\d+\.tmp/, ".tmp");
    return `A warning: Housekeeping of the database failed: ${hashless(said)}`;
  }),
};

const refused = (fault: string, sql: string): Fault => ({
  fault,
  gives: within((folder) => {
    const path = join(folder, "audit.sqlite");
    const journal = createJournal(path, { retention: RETENTION });
    journal.append([event("one")], at(1));
    journal.close();
    const db = new Sqlite(path);
    try {
      return thrown(() => db.exec(sql));
    } finally {
      db.close();
    }
  }),
});

export const databases: Group = {
  title: "The database",
  faults: [
    {
      fault: "it is corrupt",
      gives: within((folder) => {
        const path = join(folder, "audit.sqlite");
        writeFileSync(path, "SQLite format 3\0".padEnd(8192, "garbage"));
        const { db, setAside } = openDatabase(path, { nowMs: NOW_MS });
        db.close();
        return `A new one is begun; its first event says: The database was corrupt; it was set aside as ${setAside}.`;
      }),
    },
    {
      fault: "it is another program's",
      gives: within((folder) => {
        const path = join(folder, "audit.sqlite");
        new Sqlite(path).exec("CREATE TABLE songs (title)").close();
        return thrown(() => openDatabase(path, { nowMs: NOW_MS }));
      }),
    },
    {
      fault: "it is of a later version",
      gives: within((folder) => {
        const path = join(folder, "audit.sqlite");
        const { db } = openDatabase(path, { nowMs: NOW_MS });
        db.pragma("user_version = 999");
        db.close();
        return thrown(() => openDatabase(path, { nowMs: NOW_MS })).replace(
          /this one knows \d+/,
          "this one knows fewer",
        );
      }),
    },
    {
      fault: "another program locks it while the supervisor runs (a warning, as long as it lasts)",
      gives: within((folder) => {
        const path = join(folder, "audit.sqlite");
        const journal = createJournal(path, { retention: RETENTION });
        const other = new Sqlite(path);
        try {
          other.exec("BEGIN IMMEDIATE");
          const held = journal.append([event("one")], at(1));
          other.exec("COMMIT");
          const written = journal.append([], at(2));
          if (held.ok || !written.ok || written.events.length !== 1)
            throw new Error("not held, or not written");
          return held.problem;
        } finally {
          other.close();
          journal.close();
        }
      }),
    },
    {
      fault: "it is a folder",
      gives: within((folder) => {
        const path = join(folder, "audit.sqlite");
        mkdirSync(path);
        return thrown(() => openDatabase(path, { nowMs: NOW_MS }));
      }),
    },
  ],
};

export const tampering: Group = {
  title: "The audit log: what is refused, and what `audit verify` finds",
  faults: [
    tampered("a word was changed", "UPDATE events SET reason = 'event 5!' WHERE id = 5"),
    tampered("the first event was changed", "UPDATE events SET reason = 'event 0' WHERE id = 1"),
    tampered("an event was deleted", "DELETE FROM events WHERE id = 4"),
    tampered(
      "two events were swapped",
      "UPDATE events SET id = 99 WHERE id = 3; UPDATE events SET id = 3 WHERE id = 4; UPDATE events SET id = 4 WHERE id = 99",
    ),
    tampered("the end was cut off (`--expect` a hash noted before)", "DELETE FROM events WHERE id > 7"),
    refused("an event is to be changed", "UPDATE events SET reason = 'other'"),
    refused("an event is to be deleted", "DELETE FROM events"),
    refused("an event is to be replaced", "INSERT OR REPLACE INTO events SELECT * FROM events WHERE id = 1"),
    refused("an event is to be taken for exported, and isn't", "INSERT INTO exports VALUES (1, 1, 'x', 0)"),
    exported("an exported event was changed", (_, file) =>
      rewrite(
        file,
        rowsIn(file).map((row) => (row.id === 4 ? { ...row, reason: "day 5" } : row)),
      ),
    ),
    exported("an exported file was cut", (_, file) => rewrite(file, rowsIn(file).slice(0, 12))),
    exported("an exported file isn't one", (_, file) => writeFileSync(file, "nothing")),
    exported("an exported file is gone (`--expect` a hash that was in it)", (_, file) => rmSync(file)),
    exported("the anchor's hash was changed", (db) => db.exec("UPDATE exports SET hash = 'x'")),
    exported("an event behind the anchor was deleted", (db) => db.exec("DELETE FROM events WHERE id = 20")),
    unwritable,
  ],
};
