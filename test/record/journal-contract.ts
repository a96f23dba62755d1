/** What every journal must do, the real one and the fakes that stand in for it. */
import { describe, expect, test } from "vitest";
import type { Job } from "../../src/model/job.ts";
import type { Journal } from "../../src/ports/journal.ts";
import { at, event, job, run, sample } from "./material.ts";

export function journalContract(name: string, create: () => Journal): void {
  describe(`${name} keeps the contract`, () => {
    test("events get ids from 1, their time with offset and a hash, and keep what they say", () => {
      const journal = create();
      const rich = event("game.exe started on GPU 0", {
        evidence: {
          rule: "vram",
          value: 412,
          processes: [{ pid: 1, startTime: 2, user: "ana", command: "g" }],
        },
        outcome: { bytes: 1e9, nothing: null },
      });
      const result = journal.append([rich, event("second", { job: null, run: null })], at(0));
      expect(result).toMatchObject({
        ok: true,
        events: [
          { ...rich, id: 1 },
          { id: 2, job: null, run: null },
        ],
      });
      if (!result.ok) return;
      for (const { at: text, hash } of result.events) {
        expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/);
        expect(Date.parse(text)).toBe(at(0).wallMs);
        expect(hash).toMatch(/^[0-9a-f]{64}$/);
      }
      expect(journal.tail(10)).toEqual(result.events);
    });

    test("the same words at another place in the chain have another hash", () => {
      const journal = create();
      journal.append([event("same"), event("same")], at(0));
      const [first, second] = journal.tail(2);
      expect(first?.hash).not.toBe(second?.hash);
    });

    test("the tail is the newest, newest last", () => {
      const journal = create();
      for (let i = 1; i <= 30; i++) journal.append([event(`event ${i}`)], at(i));
      expect(journal.tail(3).map((e) => e.reason)).toEqual(["event 28", "event 29", "event 30"]);
      expect(journal.tail(100)).toHaveLength(30);
    });

    test("an empty append is nothing", () => {
      const journal = create();
      expect(journal.append([], at(0))).toEqual({ ok: true, events: [] });
      expect(journal.tail(1)).toEqual([]);
    });

    test("a job comes back as it was last saved, by name", () => {
      const journal = create();
      const first = job("b-job");
      const save = (one: Job) => journal.append([], at(1), { jobs: [one] });
      expect(save(first)).toEqual({ ok: true, events: [] });
      expect(save(job("a-job"))).toEqual({ ok: true, events: [] });
      const state = { name: "running", since: at(5), run: run("r1") } as const;
      const later = { ...first, state, misattributed: ["cpu"] };
      expect(save(later)).toEqual({ ok: true, events: [] });
      expect(journal.loadJobs()).toEqual([job("a-job"), later]);
    });

    test("an append takes along what its events have changed", () => {
      const journal = create();
      const later = { ...job("a-job"), runs: 1, firstRunMs: 5 };
      const started = { job: "a-job", run: run("r1") };
      expect(
        journal.append([event("it starts")], at(1), { jobs: [later], started, orNothing: true }).ok,
      ).toBe(true);
      const ended = { run: run("r1"), end: { at: at(9), code: 0, signal: null, how: "finished", step: 9 } };
      expect(journal.append([], at(9), { jobs: [{ ...later, runs: 2 }], ended }).ok).toBe(true);
      expect(journal.loadJobs()).toEqual([{ ...later, runs: 2 }]);
      expect(journal.tail(9)).toHaveLength(1);
    });

    test("a run begins and ends, samples are taken, and none of it throws", () => {
      const journal = create();
      const started = { job: "voice-train", run: run("r1") };
      const paused = { at: at(9), code: 75, signal: null, how: "paused", step: 120 };
      const lost = { at: at(9), code: null, signal: "SIGKILL", how: "lost", step: null };
      for (const change of [
        { started },
        { started },
        { ended: { run: run("r1"), end: paused } },
        { ended: { run: run("unknown"), end: lost } },
      ])
        expect(journal.append([], at(9), { jobs: [], ...change })).toEqual({ ok: true, events: [] });
      for (let i = 0; i < 20; i++) journal.addSample(sample(at(i)));
    });
  });
}
