import { execFileSync } from "node:child_process";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { WalSync } from "../../../src/record/database/wal-sync.ts";
import { strace, testWith } from "../../needs.ts";
import { untilHolds } from "../../until.ts";
import { at, event } from "../material.ts";
import { openJournal, scratch } from "../scratch.ts";

describe("syncing the WAL", () => {
  test("a failure is told, and forgotten once it works", async () => {
    const path = scratch();
    const sync = new WalSync(path);
    sync.wrote();
    await untilHolds(() => expect(sync.problem).toMatch(/power cut.*ENOENT/));
    writeFileSync(`${path}-wal`, "");
    sync.wrote();
    await untilHolds(() => expect(sync.problem).toBeNull());
    sync.close();
    sync.close();
  });

  test("finds the WAL of a database that is a symbolic link", () => {
    const path = scratch();
    openJournal(path).close();
    const link = join(dirname(path), "link.sqlite");
    symlinkSync(path, link);
    const journal = openJournal(link);
    journal.append([event("through the link")], at(0));
    const bytes = new WalSync(path).bytes();
    expect(bytes).toBeGreaterThan(0);
    journal.close(); // syncs what is due, which would fail on a WAL beside the link
    expect(journal.problems).toEqual([]);
  });

  testWith(strace)("never happens on the loop's thread, also after housekeeping emptied the WAL", () => {
    const path = scratch();
    const trace = `${path}.trace`;
    const program = fileURLToPath(new URL("../../children/record-loop.ts", import.meta.url));
    const flags = ["-f", "-o", trace, "-e", "trace=fsync,fdatasync,sync_file_range,write"];
    execFileSync("strace", [...flags, process.execPath, program, path], { stdio: "ignore" });
    const calls = readFileSync(trace, "utf8").split("\n");
    const loop = calls.slice(
      calls.findIndex((line) => line.includes("LOOP BEGINS")),
      calls.findIndex((line) => line.includes("LOOP ENDS")),
    );
    const thread = loop[0]?.split(" ")[0];
    const syncs = loop.filter((line) => /\b(fsync|fdatasync|sync_file_range)\(/.test(line));
    expect(syncs.filter((line) => line.startsWith(`${thread} `))).toEqual([]);
    // The events' by the pool, and housekeeping's own.
    expect(syncs.filter((line) => line.includes("fdatasync")).length).toBeGreaterThan(1);
    expect(syncs.filter((line) => line.includes("fsync(")).length).toBeGreaterThan(3);
  });
});
