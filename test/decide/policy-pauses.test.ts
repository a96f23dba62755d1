/**
 * Which job pauses, and how.
 * Covers: src/decide/policy.ts, src/decide/pauses/pause-method.ts, src/decide/pauses/pauses-without-rule.ts,
 * src/decide/pauses/relieves.ts, src/decide/pauses/victims.ts, src/decide/rules/evidence.ts,
 * src/decide/rules/measures.ts, src/decide/rules/rule-events.ts, src/decide/rules/rule-now.ts
 */

import { describe, expect, test } from "vitest";
import type { Job } from "../../src/model/job.ts";
import { busy, byRule, CPU, Days, MEMORY, pausingState, running } from "./days.ts";
import { at, figure, makeCheckpoint, makeRun } from "./make.ts";

describe("a pause by a rule", () => {
  test("comes once the pressure has lasted, with a sentence that names everything", () => {
    const days = new Days({ rules: [{ ...CPU, forSeconds: 10 }] }, running("tts"));
    const foreign = [
      { pid: 8812, startTime: 1, user: "ana", command: "/usr/bin/stress -c 4", cpuPercent: 40 },
      { pid: 8813, startTime: 1, user: "ana", command: "stress", cpuPercent: 20 },
      { pid: 8814, startTime: 1, user: "bob", command: "make", cpuPercent: 4 },
    ];
    for (let second = 0; second < 10; second += 1) expect(days.tick(second, busy, { foreign })).toEqual([]);
    expect(days.tick(10, busy, { foreign })).toEqual(["pause tts by checkpoint"]);
    expect(days.last.reasons[0]).toBe(
      "'stress' (pid 8812, ana) and 2 others use 64 % of the CPU; rule 'cpu' allows 60 % for 10 s.",
    );
    expect(days.last.events).toEqual(["rule.pressure"]);
    const [decision] = days.decisions;
    expect(decision?.evidence).toMatchObject({
      rule: "cpu",
      metric: "cpu.others",
      value: 64,
      threshold: 60,
      dwellSeconds: 10,
      readings: { "cpu.others": 64 },
    });
    expect(decision?.evidence.processes?.map(({ pid }) => pid)).toEqual([8812, 8813, 8814]);
  });

  test("takes the least important first, then the cheapest, then the one that has just saved", () => {
    const learned = (saveMs: number) => ({ saveMs: figure(saveMs), reloadMs: figure(0) });
    const first = (...jobs: Job[]) => new Days({ rules: [CPU] }, ...jobs).tick(0, busy);
    expect(first(running("a", { priority: 5 }), running("b", { priority: 1 }))).toEqual([
      "pause b by checkpoint",
    ]);
    expect(
      first(running("a", {}, { learned: learned(9000) }), running("b", {}, { learned: learned(500) })),
    ).toEqual(["pause b by checkpoint"]);
    expect(first(running("a"), running("b", {}, { checkpoint: makeCheckpoint(1, at(-1)) }))).toEqual([
      "pause b by checkpoint",
    ]);
  });

  test("goes one at a time, each after the one before is gone and the pressure has lasted again", () => {
    const days = new Days({ rules: [{ ...CPU, forSeconds: 3 }] }, running("a"), running("b"));
    for (const second of [0, 1, 2]) days.tick(second, busy);
    expect(days.tick(3, busy)).toEqual(["pause a by checkpoint"]);
    days.set("a", pausingState("a", 3));
    for (const second of [4, 5, 6, 7, 8]) expect(days.tick(second, busy)).toEqual([]);
    days.set("a", { name: "paused", since: at(8.5), cause: byRule, checkpoint: null });
    for (const second of [9, 10, 11]) expect(days.tick(second, busy)).toEqual([]);
    expect(days.tick(12, busy)).toEqual(["pause b by checkpoint"]);
  });

  test("asks the next one when a pause is overdue: that is no relief", () => {
    const days = new Days({ rules: [CPU] }, running("a"), running("b"));
    days.tick(0, busy);
    const state = pausingState("a", 0);
    days.set("a", { ...state, request: { ...state.request, overdue: "waiting" } });
    expect(days.tick(1, busy)).toEqual(["pause b by checkpoint"]);
  });

  test("asks all at once when critical", () => {
    const days = new Days({ rules: [{ ...CPU, severity: "critical" }] }, running("a"), running("b"));
    expect(days.tick(0, busy)).toEqual(["pause a by checkpoint", "pause b by checkpoint"]);
  });

  test("leaves jobs alone whose pause would relieve nothing", () => {
    const use = (cpu: number, memory: number) => ({
      cpuPercent: { value: cpu, atMs: at(0).monotonicMs },
      memoryMiB: { value: memory, atMs: at(0).monotonicMs },
      processes: 1,
    });
    const runs = { a: use(0.1, 900), b: use(80, 4) };
    expect(new Days({ rules: [CPU] }, running("a"), running("b")).tick(0, busy, { runs })).toEqual([
      "pause b by checkpoint",
    ]);
    expect(
      new Days({ rules: [MEMORY] }, running("a"), running("b")).tick(
        0,
        { "memory.availablePercent": 2 },
        { runs },
      ),
    ).toEqual(["pause a by checkpoint"]);
  });

  test("isn't delayed by balance, however often it was asked", () => {
    const balance = {
      backoff: { cpu: { count: 9, lastPauseMs: at(-1).wallMs } },
      productiveMs: 1,
      overheadMs: 1e9,
    };
    expect(new Days({ rules: [CPU] }, running("a", {}, { balance })).tick(0, busy)).toEqual([
      "pause a by checkpoint",
    ]);
  });

  test("isn't asked for by a rule that only tells, or that is for other jobs, or that was proven wrong", () => {
    const notify = new Days({ rules: [{ ...CPU, action: "notify" }] }, running("a"));
    expect(notify.tick(0, busy)).toEqual(["notify"]);
    expect(notify.tick(1, busy)).toEqual([]);
    expect(new Days({ rules: [{ ...CPU, jobs: ["b"] }] }, running("a")).tick(0, busy)).toEqual([]);
    expect(new Days({ rules: [CPU] }, running("a", {}, { misattributed: ["cpu"] })).tick(0, busy)).toEqual(
      [],
    );
  });
});

describe("how a job is paused", () => {
  const method = (facts: Partial<Job>, rule: object = CPU, spec: object = {}) =>
    new Days({ rules: [rule] }, running("a", spec, facts))
      .tick(0, { "cpu.others": 64, "memory.availablePercent": 2 })[0]
      ?.split(" by ")[1];
  test.each([
    ["contract", { understands: "contract" }, CPU, {}, "checkpoint"],
    ["a signal that is only caught", { understands: "signal" }, CPU, {}, "freeze"],
    ["a signal by config", { understands: "signal" }, CPU, { pause: { signal: "SIGTERM" } }, "checkpoint"],
    ["a glob by config", { understands: "nothing" }, MEMORY, { checkpoint: { glob: "o/*" } }, "checkpoint"],
    ["nothing", { understands: "nothing" }, CPU, {}, "freeze"],
    ["memory isn't freed by a freeze", { understands: "nothing" }, MEMORY, {}, undefined],
    ["a rule that freezes", { understands: "contract" }, { ...CPU, action: "freeze" }, {}, "freeze"],
    [
      "several ranks are never frozen",
      { understands: "contract", worldSize: 2 },
      { ...CPU, action: "freeze" },
      {},
      "checkpoint",
    ],
    ["nor for want of anything better", { understands: "nothing", worldSize: 2 }, CPU, {}, undefined],
    [
      "memory, by a rule that freezes",
      { understands: "contract" },
      { ...MEMORY, action: "freeze" },
      {},
      "checkpoint",
    ],
    ["standby", { understands: "contract" }, CPU, { pause: { method: "standby" } }, "standby"],
    [
      "standby holds memory",
      { understands: "contract" },
      MEMORY,
      { pause: { method: "standby" } },
      "checkpoint",
    ],
    [
      "checkpoint by config",
      { understands: "nothing" },
      CPU,
      { pause: { method: "checkpoint" } },
      "checkpoint",
    ],
  ] as const)("%s", (_name, facts, rule, spec, expected) =>
    expect(method(facts as Partial<Job>, rule, spec)).toBe(expected),
  );

  test("a frozen job gives its memory back if it can save, and is left alone if it can't", () => {
    const frozen = { name: "frozen" as const, since: at(-5), run: makeRun(), cause: byRule };
    const low = { "memory.availablePercent": 2 };
    expect(new Days({ rules: [MEMORY] }, running("a", {}, { state: frozen })).tick(0, low)).toEqual([
      "pause a by checkpoint",
    ]);
    expect(
      new Days({ rules: [MEMORY] }, running("a", {}, { state: frozen, understands: "nothing" })).tick(0, low),
    ).toEqual([]);
  });
});
