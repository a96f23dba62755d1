import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { untilHolds } from "../../until.ts";
import { at, event, sample } from "../material.ts";
import { openJournal } from "../scratch.ts";

const MIB = 2 ** 20;

test("a WAL that a reader keeps from being emptied is a problem until the reader has gone", async () => {
  const journal = openJournal();
  const reader = new Sqlite(journal.path, { readonly: true });
  reader.exec("BEGIN");
  reader.prepare("SELECT count(*) FROM events").get();
  const text = "x".repeat(MIB / 2);
  for (let n = 0; n < 70; n++) journal.append([event(`${n} ${text}`)], at(n));
  /** Housekeeping looks at the size once a minute; the first one comes after five. */
  let minute = 0;
  const keepHouse = (): void => journal.addSample(sample(at(60 * ++minute)));
  await untilHolds(() => {
    keepHouse();
    expect(journal.problems[0]).toMatch(
      /-wal has grown to (3\d|[4-9]\d|\d{3})(\.\d)? MiB: this file can't be emptied/,
    );
  });
  reader.close();
  await untilHolds(() => {
    keepHouse();
    expect(journal.problems).toEqual([]);
  });
});
