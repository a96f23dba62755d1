/** Covers: src/record/journal.ts, src/record/backlog.ts */
import { spawn } from "node:child_process";
import { describe, expect, test } from "vitest";
import { verifyChain } from "../../src/record/audit/verify.ts";
import { BUSY_MS } from "../../src/record/database/open.ts";
import { readRuns, readSamples } from "../../src/record/read.ts";
import { at, event, job, run, sample } from "./material.ts";
import { child, openJournal } from "./scratch.ts";

/** A journal whose database another process has locked for writing. */
async function lockedJournal() {
  const journal = openJournal();
  journal.append([event("before")], at(0));
  const locker = child("record-locker.ts", journal.path);
  expect(await locker.line()).toBe("locked");
  return { journal, locker, unlock: () => locker.kill("SIGKILL") };
}

describe("a database that another program has locked", () => {
  test("nothing is lost or reordered, and each event keeps its own time", async () => {
    const { journal, unlock } = await lockedJournal();
    for (let i = 1; i <= 20; i++) {
      const result = journal.append([event(`while locked ${i}`)], at(i));
      expect(result).toMatchObject({ ok: false, problem: expect.stringContaining("locked") });
    }
    expect(journal.problems).toEqual([expect.stringContaining("locked")]);
    await unlock();
    const result = journal.append([event("after")], at(60));
    expect(result.ok && result.events.map((e) => e.reason)).toEqual([
      ...Array.from({ length: 20 }, (_, i) => `while locked ${i + 1}`),
      "after",
    ]);
    expect(journal.tail(21).map((e) => Date.parse(e.at))).toEqual([
      ...Array.from({ length: 20 }, (_, i) => at(i + 1).wallMs),
      at(60).wallMs,
    ]);
    expect(journal.problems).toEqual([]);
    expect(verifyChain(journal.path)).toMatchObject({ ok: true, count: 22 });
  });

  test("an empty append tries again, and tells of events that another write took along", async () => {
    const { journal, unlock } = await lockedJournal();
    journal.append([event("held")], at(1));
    expect(journal.append([], at(2)).ok).toBe(false);
    await unlock();
    for (const seconds of [2, 12]) journal.addSample(sample(at(seconds)));
    expect(journal.tail(1)[0]?.reason).toBe("held");
    expect(journal.append([], at(3))).toMatchObject({ ok: true, events: [{ id: 2, reason: "held" }] });
    expect(journal.append([], at(4))).toEqual({ ok: true, events: [] });
  });

  test("jobs, runs and samples are held too", async () => {
    const { journal, unlock } = await lockedJournal();
    const end = { at: at(5), code: 0, signal: null, how: "finished", step: 10 };
    for (const change of [
      { jobs: [job("voice-train")] },
      { jobs: [{ ...job("voice-train"), runs: 7, firstRunMs: 5 }] },
      { jobs: [], started: { job: "voice-train", run: run("r1") } },
      { jobs: [], ended: { run: run("r1"), end } },
    ])
      expect(journal.append([], at(5), change).ok).toBe(false);
    for (let i = 0; i < 30; i++) journal.addSample(sample(at(i)));
    await unlock();
    journal.append([event("after")], at(60));
    expect(journal.loadJobs()).toEqual([{ ...job("voice-train"), runs: 7, firstRunMs: 5 }]);
    expect([...readRuns(journal.path)]).toMatchObject([{ id: "r1", how: "finished" }]);
    expect([...readSamples(journal.path)]).toHaveLength(30);
  });

  test("a start that can't be recorded now is not recorded later either: it was not made", async () => {
    const { journal, unlock } = await lockedJournal();
    journal.append([event("a pause")], at(1), { jobs: [job("voice-train")] });
    const started = { job: "voice-train", run: run("r1") };
    const jobs = [{ ...job("voice-train"), runs: 7, firstRunMs: 5 }];
    expect(journal.append([event("a start")], at(2), { jobs, started, orNothing: true }).ok).toBe(false);
    await unlock();
    const result = journal.append([event("after")], at(60));
    expect(result.ok && result.events.map((e) => e.reason)).toEqual(["a pause", "after"]);
    expect(journal.loadJobs()).toEqual([job("voice-train")]);
    expect([...readRuns(journal.path)]).toEqual([]);
  });

  test("only the first write waits for the lock", async () => {
    const { journal, unlock } = await lockedJournal();
    const took: number[] = [];
    for (let i = 0; i < 1000; i++) {
      const began = performance.now();
      expect(journal.append([], at(1), { jobs: [job(`job-${i}`)] }).ok).toBe(false);
      took.push(performance.now() - began);
    }
    // Of a thousand, the machine's load may hold up some, but not most.
    expect(took.filter((ms) => ms >= BUSY_MS).length).toBeLessThan(500);
    await unlock();
    expect(journal.append([], at(2)).ok).toBe(true);
    expect(journal.loadJobs()).toHaveLength(1000);
  });

  test("what can't be written by the end is lost, and that is said; a short lock is waited for", async () => {
    const { journal, locker } = await lockedJournal();
    expect(journal.writeAll()).toBeNull();
    journal.append([event("held")], at(1));
    // This process does nothing else while it waits.
    spawn("/bin/sh", ["-c", `sleep 1; kill -KILL ${locker.process.pid}`], { stdio: "ignore" });
    expect(journal.writeAll()).toBeNull();
    expect(journal.tail(1)[0]?.reason).toBe("held");
    const again = child("record-locker.ts", journal.path);
    expect(await again.line()).toBe("locked");
    journal.append([event("lost")], at(2));
    expect(journal.writeAll()).toMatch(
      /^The last events couldn't be written to \S+ \(database is locked\) and are lost/,
    );
    await again.kill("SIGKILL");
    journal.close();
    expect(verifyChain(journal.path)).toMatchObject({ ok: true, count: 2 });
  });

  test("more than can be held is counted, and the count is written", async () => {
    const { journal, unlock } = await lockedJournal();
    journal.append(
      Array.from({ length: 10_200 }, (_, i) => event(`held ${i}`)),
      at(1),
    );
    await unlock();
    expect(journal.append([], at(2)).ok).toBe(true);
    const [last, note] = journal.tail(2);
    expect(last?.reason).toBe("held 9999");
    expect(note).toMatchObject({
      kind: "supervisor.recovered",
      reason: expect.stringContaining("200 events"),
    });
    expect(verifyChain(journal.path)).toMatchObject({ ok: true, count: 10_002 });
  });
});
