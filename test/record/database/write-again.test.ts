/** Covers: src/record/connection.ts, src/record/database/write-again.ts, src/record/journal.ts */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { verifyChain } from "../../../src/record/audit/verify.ts";
import type { RecordJournal } from "../../../src/record/journal.ts";
import { readEvents } from "../../../src/record/read.ts";
import { smallDisk, testWith } from "../../needs.ts";
import { at, event, job } from "../material.ts";
import { openJournal, scratch } from "../scratch.ts";

const given = (path = scratch()): RecordJournal & { path: string } => {
  const journal = openJournal(path);
  journal.append([event("first"), event("second")], at(0), { jobs: [job("tune")] });
  return journal;
};
const reasons = (path: string): string[] => [...readEvents(path, {})].map(({ reason }) => reason).sort();

test.each([
  ["the database", [""]],
  ["the WAL", ["-wal"]],
  ["the WAL's index", ["-shm"]],
  ["all of it", ["", "-wal", "-shm"]],
])("%s removed: every event and job is under the name again, and the chain goes on", async (_, suffixes) => {
  const journal = given();
  const { path } = journal;
  for (const suffix of suffixes) rmSync(path + suffix);
  journal.append([event("nameless")], at(1));
  expect(await journal.look()).toEqual({ again: `the database ${path}` });
  expect(await journal.look()).toBe("as it was");
  journal.append([event("after")], at(2));
  expect(reasons(path)).toEqual(["after", "first", "nameless", "second"]);
  expect(verifyChain(path)).toMatchObject({ ok: true });
  expect(journal.loadJobs().map(({ name }) => name)).toEqual(["tune"]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  journal.close();
  expect(readdirSync(dirname(path))).toEqual([basename(path)]);
  expect(reasons(path)).toHaveLength(4);
});

test("what is written while the copy is made is in it", async () => {
  const journal = given();
  for (let i = 0; i < 40; i++)
    journal.append(
      Array.from({ length: 50 }, (_, n) => event(`${i}/${n} ${"x".repeat(400)}`)),
      at(1),
    );
  rmSync(journal.path);
  const looked = journal.look();
  let written = 0;
  const writing = setInterval(() => journal.append([event(`meanwhile ${++written}`)], at(2)), 1);
  await looked;
  clearInterval(writing);
  expect(written).toBeGreaterThan(0);
  const meanwhile = reasons(journal.path).filter((reason) => reason.startsWith("meanwhile"));
  expect(meanwhile).toHaveLength(written);
  expect(verifyChain(journal.path)).toMatchObject({ ok: true });
});

test("another file under its name is set aside, not overwritten", async () => {
  const journal = given();
  renameSync(journal.path, `${journal.path}.elsewhere`);
  writeFileSync(journal.path, "somebody's");
  const looked = await journal.look();
  const [aside = ""] = readdirSync(dirname(journal.path)).filter((name) => name.includes(".replaced-"));
  expect(looked).toEqual({
    again: `the database ${journal.path} (what had its name is now ${join(dirname(journal.path), aside)})`,
  });
  expect(readFileSync(join(dirname(journal.path), aside), "utf8")).toBe("somebody's");
  expect(reasons(journal.path)).toEqual(["first", "second"]);
});

testWith(smallDisk)(
  "as long as there is no room for it, no job may start, and nothing is forgotten",
  async () => {
    const folder = dirname(scratch());
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", folder]);
    try {
      const journal = given(join(folder, "audit.sqlite"));
      rmSync(journal.path);
      execFileSync("sh", ["-c", `head -c 3m /dev/zero > ${folder}/fill 2>/dev/null || :`]);
      const looked = await journal.look();
      expect(looked).toMatchObject({
        problem: expect.stringMatching(/was removed and can't be written again: .*full/),
      });
      expect(journal.problem).toContain("No job is started meanwhile");
      rmSync(join(folder, "fill"));
      expect(await journal.look()).toEqual({ again: `the database ${journal.path}` });
      expect(journal.problem).toBeNull();
      expect(reasons(journal.path)).toEqual(["first", "second"]);
      journal.close();
    } finally {
      execFileSync("umount", ["-l", folder]);
    }
  },
);
