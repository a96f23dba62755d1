/** Databases that are broken, somebody else's, or were tampered with. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { createJournal } from "../../src/record/journal.ts";
import { openDatabase } from "../../src/record/open.ts";
import { verifyChain } from "../../src/record/verify.ts";
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
  title: "The database at a start",
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
      fault: "it is a folder",
      gives: within((folder) => thrown(() => openDatabase(folder, { nowMs: NOW_MS }))),
    },
  ],
};

export const tampering: Group = {
  title: "The audit log: `audit verify`",
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
  ],
};
