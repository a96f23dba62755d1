/** Covers: src/record/journal.ts, src/record/backlog.ts, src/record/upkeep/upkeep.ts */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished } from "vitest";
import { verifyChain } from "../../src/record/audit/verify.ts";
import { createJournal } from "../../src/record/journal.ts";
import { upkeep } from "../../src/record/upkeep/upkeep.ts";
import { smallDisk, testWith } from "../needs.ts";
import { DAY, daysMs, filesOf, idsIn, KEEP_10_DAYS, numbers } from "./audit/export.ts";
import { at, event, job, RETENTION } from "./material.ts";
import { scratch } from "./scratch.ts";

const mount = (...argv: string[]): void => void execFileSync("mount", argv, { stdio: "pipe" });

/** A file system of so many MiB. */
function mountedDisk(mib = 1): string {
  const folder = join(dirname(scratch()), "disk");
  mkdirSync(folder);
  mount("-t", "tmpfs", "-o", `size=${mib}m,mode=700`, "tmpfs", folder);
  onTestFinished(() => void execFileSync("umount", ["-l", folder]));
  return folder;
}

describe("a full disk", () => {
  testWith(smallDisk)("holds events back in order, and takes them all once there is room", () => {
    const disk = mountedDisk();
    const path = join(disk, "supervisor.sqlite");
    const journal = createJournal(path, { retention: RETENTION });
    onTestFinished(() => journal.close());
    const long = "x".repeat(2000);
    let written = 0;
    let failed = 0;
    let problem = "";
    for (let i = 1; failed < 50 && i < 2000; i++) {
      const result = journal.append([event(`event ${i} ${long}`)], at(i));
      if (result.ok) written += result.events.length;
      else {
        failed++;
        problem = result.problem;
      }
    }
    expect(failed).toBe(50);
    expect(problem).toMatch(/full|disk I\/O/);
    expect(journal.problems).toEqual([problem]);
    expect(journal.append([], at(2000), { jobs: [job("voice-train")] }).ok).toBe(false);
    expect(verifyChain(path)).toMatchObject({ ok: true, count: written });

    mount("-o", "remount,size=16m", disk);
    const result = journal.append([event("room again")], at(9999));
    expect(result.ok && result.events).toHaveLength(51);
    expect(journal.tail(2)[0]?.reason).toContain(`event ${written + 50} `);
    expect(journal.loadJobs()).toHaveLength(1);
    expect(verifyChain(path)).toMatchObject({ ok: true, count: written + 51 });
    expect(readFileSync("/proc/mounts", "utf8")).toContain(disk);
  });

  testWith(smallDisk)("keeps old events in the database until there is room for their export", () => {
    const disk = mountedDisk(4);
    const path = join(disk, "supervisor.sqlite");
    const journal = createJournal(path, { retention: RETENTION });
    onTestFinished(() => journal.close());
    for (let day = 1; day <= 30; day++)
      journal.append([event(`day ${day} ${randomBytes(20_000).toString("hex")}`)], at(day * DAY));
    upkeep(path, RETENTION, daysMs(30)); // the WAL is as large as it gets, and empty
    writeFileSync(join(disk, "fill"), Buffer.alloc(statfsSync(disk).bavail * 4096 - 100_000));
    expect(() => upkeep(path, KEEP_10_DAYS, daysMs(30))).toThrow(
      /^Old events stay in the database, since .*\.jsonl\.gz can't be written: ENOSPC/,
    );
    expect(idsIn(path)).toEqual(numbers(1, 30));
    expect(filesOf(path)).toEqual([]);
    expect(journal.append([event("goes on")], at(30 * DAY)).ok).toBe(true);
    expect(verifyChain(path)).toMatchObject({ ok: true, count: 31 });

    rmSync(join(disk, "fill"));
    expect(upkeep(path, KEEP_10_DAYS, daysMs(30)).exported).toBe(19);
    expect(verifyChain(path)).toMatchObject({ ok: true, count: 12, exported: { files: 1, events: 19 } });
  });
});
