/** Covers: src/model/event.ts */
import { chmodSync, existsSync } from "node:fs";
import Sqlite from "better-sqlite3";
import { describe, expect, test } from "vitest";
import type { EventKind } from "../../src/model/event.ts";
import { verifyChain } from "../../src/record/audit/verify.ts";
import { type EventFilter, eventQuery, readEvents, readRuns, readSamples } from "../../src/record/read.ts";
import { at, event, run, sample } from "./material.ts";
import { child, openJournal, scratch } from "./scratch.ts";

/** 60 events: two jobs in turn, every tenth a `job.started`. */
function sixty() {
  const journal = openJournal();
  for (let i = 1; i <= 60; i++) {
    const kind = i % 10 === 0 ? "job.started" : "pause.requested";
    journal.append([event(`event ${i}`, { kind, job: i % 2 === 0 ? "even" : "odd" })], at(i));
  }
  return journal;
}

const ids = (path: string, filter: EventFilter): number[] => [...readEvents(path, filter)].map((e) => e.id);

describe("reading events", () => {
  test("all of them, as the journal gave them, oldest first", () => {
    const journal = sixty();
    expect([...readEvents(journal.path)]).toEqual(journal.tail(60));
  });

  test.each([
    ["the newest", { limit: 3 }, [58, 59, 60]],
    ["of a job", { job: "odd", limit: 2 }, [57, 59]],
    ["of a kind", { kind: "job.started", limit: 2 }, [50, 60]],
    ["of a kind, all", { kind: "job.started" }, [10, 20, 30, 40, 50, 60]],
    ["of a job and a kind", { job: "even", kind: "job.started", limit: 2 }, [50, 60]],
    ["of a job and a kind that it never had", { job: "odd", kind: "job.started" }, []],
    ["since a moment", { sinceMs: at(58).wallMs }, [58, 59, 60]],
    ["of a job since a moment", { job: "odd", sinceMs: at(56).wallMs }, [57, 59]],
    [
      "of everything, with a limit",
      { job: "even", kind: "job.started", sinceMs: at(15).wallMs, limit: 2 },
      [50, 60],
    ],
    ["of an unknown job", { job: "nobody" }, []],
  ] as const)("%s", (_, filter, expected) => {
    expect(ids(sixty().path, filter)).toEqual(expected);
  });

  test("keep the order in which they were written when the clock was set back", () => {
    const journal = openJournal();
    for (const s of [100, 200, 50, 60]) journal.append([event(`at ${s}`)], at(s));
    expect(ids(journal.path, {})).toEqual([1, 2, 3, 4]);
    expect(ids(journal.path, { sinceMs: at(55).wallMs })).toEqual([1, 2, 4]);
    expect(ids(journal.path, { sinceMs: at(55).wallMs, limit: 10 })).toEqual([1, 2, 4]);
  });

  test.each<[EventFilter, string]>([
    [{ limit: 20 }, "events_at"],
    [{ sinceMs: 5 }, "events_at"],
    [{ sinceMs: 5, limit: 20 }, "events_at"],
    [{ job: "odd" }, "events_job"],
    [{ job: "odd", sinceMs: 5, limit: 20 }, "events_job"],
    [{ kind: "job.started" }, "events_kind"],
    [{ kind: "job.started", sinceMs: 5, limit: 20 }, "events_kind"],
    [{ job: "odd", kind: "job.started" }, "events_job_kind"],
    [{ job: "odd", kind: "job.started", sinceMs: 5, limit: 20 }, "events_job_kind"],
  ])("%j is found by the index %s alone, and nothing is sorted", (filter, index) => {
    const { path } = sixty();
    const db = new Sqlite(path, { readonly: true });
    const { sql, values } = eventQuery(filter);
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values) as { detail: string }[];
    db.close();
    const details = plan.map((row) => row.detail);
    expect(details[0]).toBe("SEARCH events USING INTEGER PRIMARY KEY (rowid=?)");
    expect(details.at(-1)).toMatch(new RegExp(`USING COVERING INDEX ${index}( |$)`));
    expect(details.join()).not.toContain("TEMP B-TREE");
  });

  test("an iteration cut short closes the file", () => {
    const journal = sixty();
    for (const one of readEvents(journal.path)) if (one.id === 3) break;
    journal.close();
    // The last one to close a WAL database removes its WAL.
    expect(existsSync(`${journal.path}-wal`)).toBe(false);
  });
});

describe("reading", () => {
  test("works while another process writes, and sees only whole transactions", async () => {
    const path = scratch();
    const writer = child("record-writer.ts", path);
    let last = 0;
    while (last < 200) {
      last = Number(await writer.line());
      const seen = ids(path, { limit: 5 });
      expect(seen.at(-1)).toBeGreaterThanOrEqual(last);
      expect(seen).toEqual(seen.map((_, i) => (seen[0] as number) + i));
    }
    await writer.kill("SIGKILL");
    expect(ids(path, {}).length).toBeGreaterThanOrEqual(last);
  });

  test("works while another process holds the write lock, and on a file that may only be read", async () => {
    const journal = sixty();
    const locker = child("record-locker.ts", journal.path);
    await locker.line();
    expect(ids(journal.path, { limit: 1 })).toEqual([60]);
    await locker.kill("SIGKILL");
    journal.close();
    chmodSync(journal.path, 0o400);
    expect(ids(journal.path, { limit: 1 })).toEqual([60]);
  });

  test("samples of a span, and runs, from a closed database", () => {
    const journal = openJournal();
    for (let s = 0; s < 100; s++) journal.addSample(sample(at(s), s));
    journal.append([], at(100), { jobs: [], started: { job: "voice-train", run: run("r1") } });
    journal.close();
    const span = { sinceMs: at(10).wallMs, untilMs: at(13).wallMs };
    expect([...readSamples(journal.path, span)]).toEqual([10, 11, 12].map((s) => sample(at(s), s)));
    expect([...readRuns(journal.path)]).toHaveLength(1);
  });

  test("no database is said so", () => {
    expect(() => [...readEvents(scratch())]).toThrow(/no supervisor has run/);
  });
});

test("an event of a kind that has another name today is found and told under that", () => {
  const path = scratch();
  const journal = openJournal(path);
  const former = { ...event("ana asks for a turn"), kind: "gpu.requested" as EventKind };
  expect(journal.append([event("before"), former], at(0)).ok).toBe(true);
  expect([...readEvents(path, { kind: "turn.requested" })].map(({ kind, reason }) => [kind, reason])).toEqual(
    [["turn.requested", "ana asks for a turn"]],
  );
  expect(verifyChain(path)).toMatchObject({ ok: true, count: 2 });
});
