/** Covers: src/record/writes.ts */
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Run } from "../../src/model/run.ts";
import type { Journal, RunEnd } from "../../src/ports/journal.ts";
import { verifyChain } from "../../src/record/audit/verify.ts";
import { createJournal } from "../../src/record/journal.ts";
import { readRuns, readSamples } from "../../src/record/read.ts";
import { createFailingJournal, createMemoryJournal } from "../fakes/memory-journal.ts";
import { rounds } from "../rounds.ts";
import { journalContract } from "./journal-contract.ts";
import { at, event, job, RETENTION, run, sample } from "./material.ts";
import { openJournal, scratch } from "./scratch.ts";

journalContract("the journal in SQLite", () => openJournal());
journalContract("the journal in memory", createMemoryJournal);
journalContract("the failing journal, once it works", () => {
  const journal = createFailingJournal();
  journal.failing = null;
  return journal;
});

test("the failing journal holds events until it works, and writes them first", () => {
  const journal = createFailingJournal("no space");
  expect(journal.append([event("held")], at(0))).toEqual({ ok: false, problem: "no space" });
  expect(journal.append([], at(1), { jobs: [job("voice-train")] }).ok).toBe(false);
  journal.failing = null;
  expect(journal.append([event("next")], at(5)).ok).toBe(true);
  expect(journal.tail(5).map((e) => [e.reason, Date.parse(e.at)])).toEqual([
    ["held", at(0).wallMs],
    ["next", at(5).wallMs],
  ]);
});

const start = (journal: Journal, job: string, run: Run) =>
  journal.append([], at(0), { jobs: [], started: { job, run } });
const end = (journal: Journal, run: Run, end: RunEnd) =>
  journal.append([], at(0), { jobs: [], ended: { run, end } });

describe("the journal in SQLite", () => {
  test("is all there after it was closed and opened again, and the chain goes on", () => {
    const path = scratch();
    const first = createJournal(path, { retention: RETENTION });
    first.append([event("before")], at(0));
    first.append([], at(0), { jobs: [job("voice-train")] });
    first.close();
    const second = openJournal(path);
    expect(second.setAside).toBeNull();
    expect(second.loadJobs()).toEqual([job("voice-train")]);
    const result = second.append([event("after")], at(1));
    expect(result).toMatchObject({ ok: true, events: [{ id: 2 }] });
    expect(second.tail(5).map((e) => e.reason)).toEqual(["before", "after"]);
  });

  test("writes the same chain as the journal in memory", () => {
    const real = openJournal();
    const fake = createMemoryJournal();
    for (const journal of [real, fake]) {
      journal.append([event("one", { evidence: { value: 1.5 } }), event("two")], at(0));
      journal.append([event("three", { outcome: { ms: 8000 } })], at(4));
    }
    expect(real.tail(3)).toEqual(fake.tail(3));
  });

  test("records how runs began and ended", () => {
    const journal = openJournal();
    start(journal, "voice-train", {
      ...run("r1", 1),
      resumedFrom: "/c/step-00000100",
      resumedAtStep: 100,
    });
    start(journal, "voice-train", run("r2", 2));
    start(journal, "other", run("r3", 3));
    end(journal, run("r1", 1), { at: at(60), code: 75, signal: null, how: "paused", step: 160 });
    const [first, second] = [...readRuns(journal.path, { job: "voice-train" })];
    expect(first).toMatchObject({
      id: "r1",
      resumedAtStep: 100,
      gpus: ["GPU-1"],
      startedMs: at(1).wallMs,
      endedMs: at(60).wallMs,
      how: "paused",
      code: 75,
      signal: null,
      step: 160,
    });
    expect(second).toMatchObject({ id: "r2", endedMs: null, how: null });
    expect([...readRuns(journal.path, { limit: 1 })].map((r) => r.id)).toEqual(["r3"]);
    expect([...readRuns(journal.path, { sinceMs: at(2).wallMs })].map((r) => r.id)).toEqual(["r2", "r3"]);
  });

  test("samples are written together with the next event, and at the latest when it closes", () => {
    const journal = openJournal();
    journal.addSample(sample(at(0), 1));
    journal.addSample(sample(at(1), 2));
    expect([...readSamples(journal.path)]).toHaveLength(0);
    journal.append([event("an event")], at(1));
    expect([...readSamples(journal.path)]).toEqual([sample(at(0), 1), sample(at(1), 2)]);
    journal.addSample(sample(at(2), 3));
    journal.close();
    expect([...readSamples(journal.path)]).toHaveLength(3);
  });

  test("stores any text so that the chain stays whole, half characters included", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("\ud83d", "a\udc00b", "nul \0 inside", ""),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 20 }), (texts) => {
        const journal = openJournal();
        const events = texts.map(([reason, word]) =>
          event(reason, { evidence: { word }, actor: `rule:${word}` }),
        );
        expect(journal.append(events, at(0)).ok).toBe(true);
        expect(verifyChain(journal.path)).toMatchObject({ ok: true, count: events.length });
        expect(journal.tail(20).map((e) => e.evidence)).toEqual(events.map((e) => e.evidence));
        journal.close();
      }),
      { numRuns: rounds(30) },
    );
  });

  test("takes steps that aren't whole numbers", () => {
    const journal = openJournal();
    const steps = [12.4, Number.NaN, Number.POSITIVE_INFINITY, null];
    for (const [i, step] of steps.entries()) {
      start(journal, "odd", run(`r${i}`, i));
      end(journal, run(`r${i}`, i), { at: at(9), code: 0, signal: null, how: "finished", step });
    }
    expect([...readRuns(journal.path)].map((r) => r.step)).toEqual([12, null, null, null]);
    expect(journal.problems).toEqual([]);
  });

  test("an event whose evidence can't be written doesn't block the log", () => {
    const journal = openJournal();
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    expect(journal.append([event("odd", { evidence: circular })], at(0)).ok).toBe(true);
    expect(journal.append([event("next")], at(1)).ok).toBe(true);
    expect(journal.tail(2)[0]?.evidence).toHaveProperty("unwritable");
  });

  test("doesn't keep the process alive", () => {
    const path = scratch();
    const program = `
      const { createJournal } = await import(${JSON.stringify(new URL("../../src/record/journal.ts", import.meta.url).href)});
      const journal = createJournal(${JSON.stringify(path)}, { retention: ${JSON.stringify(RETENTION)} });
      const result = journal.append([${JSON.stringify(event("and off"))}], ${JSON.stringify(at(0))});
      console.log(result.ok);`;
    const said = execFileSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
    expect(said).toBe("true\n");
    expect(openJournal(path).tail(1)[0]?.reason).toBe("and off");
  });

  test("closing twice is harmless", () => {
    const journal = openJournal();
    journal.close();
    journal.close();
  });
});
