/**
 * Starts, resumes, and the balance of both.
 * Covers: src/decide/policy.ts, src/decide/starts/choose-start.ts, src/decide/starts/flap-backoff.ts,
 * src/decide/starts/obstacles.ts, src/decide/starts/overhead-budget.ts, src/decide/starts/parallel.ts, src/decide/starts/room.ts,
 * src/decide/starts/rule-blocks.ts
 */

import { describe, expect, test } from "vitest";
import type { Cause } from "../../src/model/actor.ts";
import type { Job } from "../../src/model/job.ts";
import { busy, byRule, CPU, Days, pausedJob, quiet, running } from "./days.ts";
import { at, figure, makeCheckpoint, makeJob, makeRun } from "./make.ts";

describe("a start", () => {
  test("comes at the first fresh sample that shows room; the next one at the next tick", () => {
    const days = new Days({ rules: [CPU] }, makeJob({ name: "a" }), makeJob({ name: "b", priority: 3 }));
    expect(days.tick(0, quiet)).toEqual(["start b"]);
    expect(days.waits("a")).toEqual(["start-order"]);
    days.set("b", { name: "starting", since: at(0), run: makeRun() });
    expect(days.tick(1, quiet)).toEqual(["start a"]);
  });

  test("waits for the first reading, but not for a sensor that this machine hasn't got", () => {
    const days = new Days({ rules: [CPU] }, makeJob());
    expect(days.tick(0, {})).toEqual([]);
    expect(days.waits("tts")).toEqual(["sensor"]);
    expect(days.tick(2, {})).toEqual([]);
    expect(days.tick(3, {})).toEqual(["start tts"]);
  });

  test("waits while the reading is beyond the threshold, though the dwell isn't over", () => {
    const days = new Days({ rules: [{ ...CPU, forSeconds: 60 }] }, makeJob());
    expect(days.tick(0, busy)).toEqual([]);
    expect(days.waits("tts")).toEqual(["rule"]);
    expect(days.tick(1, { "cpu.others": 45 })).toEqual(["start tts"]);
  });

  test("waits when the journal can't write or the supervisor stops", () => {
    const days = new Days({ rules: [] }, makeJob());
    days.mode = { stopping: false, journalHealthy: false };
    expect([days.tick(0), days.waits("tts")]).toEqual([[], ["journal"]]);
    days.mode = { stopping: true, journalHealthy: true };
    expect([days.tick(0), days.waits("tts")]).toEqual([[], ["shutdown"]]);
  });

  test("waits while as many jobs without a GPU run as 'maxParallel' allows, unless a person resumes it", () => {
    const jobs = [
      makeJob({ name: "a" }),
      makeJob({ name: "b" }),
      makeJob({ name: "c" }),
      makeJob({ name: "onGpu", gpus: 1 }),
    ];
    const days = new Days({ rules: [], maxParallel: 2 }, ...jobs);
    const begun = { name: "running" as const, since: at(0), run: makeRun() };
    days.set("a", begun);
    days.set("onGpu", { ...begun, run: makeRun({ gpus: ["GPU-0"] }) });
    expect([days.tick(1), days.waits("c")]).toEqual([["start b"], ["start-order"]]);
    days.set("b", begun);
    expect([days.tick(2), days.waits("c")]).toEqual([[], ["parallel"]]);
    // What is held uses no CPU.
    days.set("a", { name: "frozen", since: at(3), run: makeRun(), cause: { ...byRule, actor: "user" } });
    days.ask(3, { verb: "pause", jobs: ["a"], untilMs: null, by: "anna" });
    expect(days.tick(3)).toEqual(["start c"]);
    days.set("c", begun);
    days.ask(4, { verb: "resume", jobs: ["a"], by: "anna" });
    expect(days.tick(4)).toEqual(["resume a"]);
  });

  test("waits out the back-off after a failure", () => {
    const attempts = { failures: 2, fruitless: 0, notBeforeMs: at(20).monotonicMs };
    const days = new Days({ rules: [] }, makeJob({}, { attempts }));
    expect([days.tick(19), days.waits("tts"), days.why.tts?.next?.atMs]).toEqual([
      [],
      ["restart"],
      at(20).wallMs,
    ]);
    expect(days.tick(20)).toEqual(["start tts"]);
  });

  test("waits for what the supervisor lacks, though a person wants it to run", () => {
    const attempts = { failures: 0, fruitless: 0, notBeforeMs: at(20).monotonicMs };
    const manual = { want: "run" as const, sinceMs: at(0).wallMs, excused: [], windowUntilMs: null };
    const days = new Days({ rules: [] }, makeJob({}, { attempts, manual, unready: "Node is gone" }));
    expect([days.tick(19), days.waits("tts")]).toEqual([[], ["restart"]]);
    expect(days.why.tts?.waitingFor[0]?.text).toMatch(/^Node is gone: it will be tried again at /);
    expect(days.tick(20)).toEqual(["start tts"]);
    // The wish may be of an earlier day, or supervisor.
    expect(days.last.reasons[0]).toMatch(/^It was asked for by hand at \S+\.$/);
  });

  test("waits no longer because somebody sets the clock back", () => {
    const attempts = { failures: 1, fruitless: 0, notBeforeMs: at(20).monotonicMs };
    const days = new Days({ rules: [] }, makeJob({}, { attempts }));
    days.tick(10);
    days.setClock(-3_000_000);
    expect([days.tick(19), days.waits("tts")]).toEqual([[], ["restart"]]);
    expect(days.tick(20)).toEqual(["start tts"]);
  });
});

describe("a resume", () => {
  test("waits for the clear threshold and its dwell, then says why", () => {
    const days = new Days({ rules: [{ ...CPU, clear: { below: 30, forSeconds: 5 } }] }, pausedJob("tts"));
    days.tick(0, busy);
    expect(days.waits("tts")).toEqual(["rule"]);
    days.tick(1, { "cpu.others": 45 });
    expect(days.tick(10, quiet)).toEqual([]);
    expect(days.why.tts?.next?.atMs).toBe(at(15).wallMs);
    for (const second of [11, 12, 13, 14]) expect(days.tick(second, quiet)).toEqual([]);
    expect(days.tick(15, quiet)).toEqual(["resume tts"]);
    expect(days.last.reasons[0]).toMatch(
      /^Rule 'cpu' has been clear since \S+ and there is room. It goes on from step 5.$/,
    );
  });

  test("waits while a sensor is lost, and isn't caused by it", () => {
    const days = new Days({ rules: [CPU] }, pausedJob("tts"));
    days.mode = { stopping: false, journalHealthy: false };
    days.tick(0, quiet);
    days.mode = { stopping: false, journalHealthy: true };
    expect(days.tick(1, { "cpu.others": "the read failed" })).toEqual([]);
    expect([days.waits("tts"), days.last.events]).toEqual([["sensor"], ["sensor.lost"]]);
    expect(days.tick(2, quiet)).toEqual(["resume tts"]);
  });

  test("waits until its checkpoint is checked in full", () => {
    const checkpoint = makeCheckpoint(5, at(-9));
    const state = { name: "paused" as const, since: at(-5), cause: byRule, checkpoint };
    const days = new Days({ rules: [CPU] }, pausedJob("tts", {}, { state, checkpoint }));
    expect([days.tick(0, quiet), days.waits("tts")]).toEqual([[], ["checkpoint-check"]]);
  });

  test("waits until the one before has settled", () => {
    const days = new Days({ rules: [CPU], balance: { settleSeconds: 10 } }, pausedJob("a"), pausedJob("b"));
    expect(days.tick(0, quiet)).toEqual(["resume a"]);
    days.set("a", { name: "running", since: at(1), run: makeRun() });
    expect([days.tick(9, quiet), days.waits("b")]).toEqual([[], ["settling"]]);
    expect(days.tick(10, quiet)).toEqual(["resume b"]);
  });

  test("needs room for what it last used, and for what others still grow to", () => {
    const learned = (memoryMiB: number) => ({ memoryMiB: figure(memoryMiB) });
    const rules = [{ name: "m", metric: "memory.availableMiB", below: 1000, clear: { above: 1500 } }];
    const tick = (free: number, ...more: Job[]) =>
      new Days({ rules }, pausedJob("tts", {}, { learned: learned(4000) }), ...more).tick(0, {
        "memory.availableMiB": free,
      });
    expect([tick(5000), tick(5300)]).toEqual([[], ["resume tts"]]);
    const loading = running("big", {}, { learned: learned(2000) });
    expect([tick(5300, loading), tick(7300, loading)]).toEqual([[], ["resume tts"]]);
  });

  test("of a frozen job needs no memory", () => {
    const learned = { memoryMiB: figure(4000) };
    const state = { name: "frozen" as const, since: at(-5), run: makeRun(), cause: byRule };
    const rules = [CPU, { name: "m", metric: "memory.availableMiB", below: 1000, clear: { above: 1500 } }];
    const days = new Days({ rules }, running("tts", {}, { learned, state }));
    expect(days.tick(0, { "cpu.others": 5, "memory.availableMiB": 1800 })).toEqual(["resume tts"]);
  });
});

describe("balance", () => {
  const backoff = (count: number) => ({
    backoff: { cpu: { count, lastPauseMs: at(-10).wallMs } },
    productiveMs: 1e9,
    overheadMs: 0,
  });
  const until = (count: number): number => {
    const days = new Days({ rules: [CPU] }, pausedJob("tts", {}, { balance: backoff(count) }));
    days.tick(0, busy);
    for (let second = 1; second < 4000; second += 1)
      if (days.tick(second, quiet).length > 0) return second - 1;
    return Number.NaN;
  };

  test("flapping waits longer each time", () => {
    expect([1, 2, 3, 4].map(until)).toEqual([0, 30, 60, 120]);
  });

  test("and is forgotten after calm", () => {
    const days = new Days({ rules: [CPU] }, pausedJob("tts", {}, { balance: backoff(9) }));
    days.tick(0, busy);
    expect(days.tick(1, quiet)).toEqual([]);
    expect(days.tick(1791, quiet)).toEqual(["resume tts"]);
  });

  test("each pause by a rule counts", () => {
    const days = new Days({ rules: [CPU] }, running("tts"));
    days.tick(0, busy);
    expect(days.world.jobs.tts?.balance.backoff.cpu).toEqual({ count: 1, lastPauseMs: at(0).wallMs });
  });

  test("beyond the budget it waits until its time has paid for the next pause, too", () => {
    const learned = { saveMs: figure(10_000), reloadMs: figure(10_000) };
    const balance = { backoff: {}, productiveMs: 200_000, overheadMs: 40_000 };
    const days = new Days({ rules: [CPU] }, pausedJob("tts", {}, { learned, balance }));
    days.tick(0, busy);
    expect([days.tick(1, quiet), days.waits("tts")]).toEqual([[], ["budget"]]);
    // (40 + 20) s / 5 % = 1,200 s: 600 are free, 240 were worked or lost, and 40 had passed at 0 since the pause.
    expect(days.tick(319, quiet)).toEqual([]);
    expect(days.tick(320, quiet)).toEqual(["resume tts"]);
  });

  test("never holds back what a person, a window or a restart had paused", () => {
    const cause: Cause = { actor: "shutdown", reason: "x", critical: false };
    const balance = {
      backoff: { cpu: { count: 9, lastPauseMs: at(0).wallMs } },
      productiveMs: 0,
      overheadMs: 1e9,
    };
    const state = { name: "paused" as const, since: at(-5), cause, checkpoint: null };
    expect(new Days({ rules: [CPU] }, pausedJob("tts", {}, { state, balance })).tick(0, quiet)).toEqual([
      "resume tts",
    ]);
  });
});
