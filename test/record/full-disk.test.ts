import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished } from "vitest";
import { createJournal } from "../../src/record/journal.ts";
import { verifyChain } from "../../src/record/verify.ts";
import { smallDisk, testWith } from "../needs.ts";
import { at, event, job, RETENTION } from "./material.ts";
import { scratch } from "./scratch.ts";

const mount = (...argv: string[]): void => void execFileSync("mount", argv, { stdio: "pipe" });

/** A file system of 1 MiB. */
function mountedDisk(): string {
  const folder = join(dirname(scratch()), "disk");
  mkdirSync(folder);
  mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", folder);
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
    let reason = "";
    for (let i = 1; failed < 50 && i < 2000; i++) {
      const result = journal.append([event(`event ${i} ${long}`)], at(i));
      if (result.ok) written += result.events.length;
      else {
        failed++;
        reason = result.reason;
      }
    }
    expect(failed).toBe(50);
    expect(reason).toMatch(/full|disk I\/O/);
    expect(journal.trouble).toBe(reason);
    expect(journal.saveJob(job("voice-train")).ok).toBe(false);
    expect(verifyChain(path)).toMatchObject({ ok: true, count: written });

    mount("-o", "remount,size=16m", disk);
    const result = journal.append([event("room again")], at(9999));
    expect(result.ok && result.events).toHaveLength(51);
    expect(journal.tail(2)[0]?.reason).toContain(`event ${written + 50} `);
    expect(journal.loadJobs()).toHaveLength(1);
    expect(verifyChain(path)).toMatchObject({ ok: true, count: written + 51 });
    expect(readFileSync("/proc/mounts", "utf8")).toContain(disk);
  });
});
