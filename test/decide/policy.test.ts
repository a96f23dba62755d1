import { describe, expect, test } from "vitest";
import { type ManualRequest, manualRequest } from "../../src/decide/manual-request.ts";
import { decide } from "../../src/decide/policy.ts";
import type { Mode } from "../../src/decide/tick-input.ts";
import { windowStates } from "../../src/decide/windows/windows.ts";
import { newWorld, type World } from "../../src/decide/world.ts";
import type { Cause } from "../../src/model/actor.ts";
import type { Job } from "../../src/model/job.ts";
import type { Sample } from "../../src/model/machine.ts";
import { whyText } from "../../src/words/why.ts";
import { at, makeCheckpoint, makeConfig, makeGpu, makeJob, makeRun, makeSample, runningJob } from "./make.ts";

const CPU = { name: "cpu", metric: "cpu.others", above: 60, clear: { below: 30 } };
const MEMORY = { name: "mem", metric: "memory.availablePercent", below: 5, clear: { above: 15 } };
const byRule: Cause = { actor: "rule:cpu", reason: "x", critical: false, rule: "cpu" };

const running = (name: string, spec: object = {}, facts: Partial<Job> = {}): Job =>
  runningJob(
    { name, ...spec },
    { state: { name: "running", since: at(0), run: makeRun({ id: name }) }, ...facts },
  );

const pausedJob = (name: string, spec: object = {}, facts: Partial<Job> = {}): Job => {
  const checkpoint = makeCheckpoint(5, at(-50), { verified: "full" });
  const state = { name: "paused" as const, since: at(-40), cause: byRule, checkpoint };
  return makeJob({ name, ...spec }, { runs: 1, understands: "contract", checkpoint, state, ...facts });
};

/** A policy from tick to tick, with jobs that only change when the test says so. */
class Days {
  world: World;
  config: ReturnType<typeof makeConfig>;
  mode: Mode = { stopping: false, journalHealthy: true };
  last = { decisions: [] as string[], events: [] as string[], reasons: [] as string[] };
  why: ReturnType<typeof decide>["why"] = {};
  decisions: ReturnType<typeof decide>["decisions"] = [];
  #clockMs = 0;
  #wallMs = 0;

  /** Its answer to "why?" at the last tick. */
  said(name: string): string {
    const why = this.why[name];
    if (why === undefined) throw new Error(`no answer for '${name}'`);
    return whyText(why, this.#wallMs);
  }

  constructor(config: object, ...jobs: Job[]) {
    this.config = makeConfig(config);
    this.world = newWorld(Object.fromEntries(jobs.map((job) => [job.name, job])));
  }

  tick(
    second: number,
    readings: Parameters<typeof makeSample>[1] = { "cpu.others": 5 },
    more: Partial<Sample> = {},
  ): string[] {
    const now = { ...at(second), wallMs: at(second).wallMs + this.#clockMs };
    const windows = windowStates(this.config.windows, now.wallMs);
    const decided = decide(this.world, {
      sample: makeSample(now, readings, more),
      windows,
      config: this.config,
      now,
      mode: this.mode,
    });
    this.world = decided.world;
    this.why = decided.why;
    this.#wallMs = now.wallMs;
    this.decisions = decided.decisions;
    this.last.events = decided.events.map(({ kind }) => kind);
    this.last.reasons = decided.decisions.map((one) =>
      one.verb === "pause" ? one.cause.reason : one.reason,
    );
    return decided.decisions.map((one) =>
      `${one.verb} ${one.job ?? ""}${one.verb === "pause" ? ` by ${one.method}` : ""}`.trim(),
    );
  }

  /** As somebody sets the machine's wall clock. */
  setClock(byMs: number): void {
    this.#clockMs = byMs;
  }

  set(name: string, state: Job["state"]): void {
    const job = this.world.jobs[name] as Job;
    this.world = { ...this.world, jobs: { ...this.world.jobs, [name]: { ...job, state } } };
  }

  ask(second: number, asked: ManualRequest): string[] {
    const now = at(second);
    const result = manualRequest(this.world, asked, windowStates(this.config.windows, now.wallMs), now);
    this.world = result.world;
    return result.errors;
  }

  waits(name: string): string[] {
    return (this.why[name]?.waitingFor ?? []).map(({ code }) => code);
  }
}

const busy = { "cpu.others": 64 };
const quiet = { "cpu.others": 5 };

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
    const learned = (saveMs: number) => ({
      saveMs,
      slowestSaveMs: saveMs,
      reloadMs: 0,
      memoryMiB: null,
      cpuPercent: null,
    });
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
    ["signal", { understands: "signal" }, CPU, {}, "checkpoint"],
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
    const learned = (memoryMiB: number) => ({
      saveMs: null,
      slowestSaveMs: null,
      reloadMs: null,
      memoryMiB,
      cpuPercent: null,
    });
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
    const learned = { saveMs: null, slowestSaveMs: null, reloadMs: null, memoryMiB: 4000, cpuPercent: null };
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

  test("beyond the budget it waits for a longer quiet", () => {
    const learned = {
      saveMs: 10_000,
      slowestSaveMs: 10_000,
      reloadMs: 10_000,
      memoryMiB: null,
      cpuPercent: null,
    };
    const balance = { backoff: {}, productiveMs: 200_000, overheadMs: 40_000 };
    const days = new Days({ rules: [CPU] }, pausedJob("tts", {}, { learned, balance }));
    days.tick(0, busy);
    expect([days.tick(1, quiet), days.waits("tts")]).toEqual([[], ["budget"]]);
    // (40 + 20) s / 5 % = 1,200 s, of which 200 were worked and 600 are free.
    expect(days.tick(400, quiet)).toEqual([]);
    expect(days.tick(401, quiet)).toEqual(["resume tts"]);
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

describe("windows", () => {
  const night = { name: "night", opens: "0 22 * * *", closes: "0 7 * * *", timezone: "UTC" };
  // The stories begin at 10:00 UTC.
  const at22 = 12 * 3600;
  const at7 = 21 * 3600;

  test("closed: nothing starts, and why says when it opens", () => {
    const days = new Days({ windows: [night] }, makeJob());
    expect([days.tick(0), days.waits("tts"), days.why.tts?.next?.atMs]).toEqual([
      [],
      ["window"],
      at(at22).wallMs,
    ]);
    expect(days.tick(at22)).toEqual(["start tts"]);
    expect(days.last.events).toEqual(["window.opened"]);
  });

  test("closing pauses, opening resumes, and both are said", () => {
    const days = new Days({ windows: [night] }, running("tts"));
    days.tick(at22);
    expect(days.why.tts).toMatchObject({
      next: { what: "window-closes", window: "night", atMs: at(at7).wallMs },
    });
    expect(days.tick(at7)).toEqual(["pause tts by checkpoint"]);
    expect(days.last.reasons[0]).toMatch(/^Window 'night' closed at \S+; it runs only while that is open\.$/);
    days.set("tts", {
      name: "paused",
      since: at(at7),
      cause: { actor: "window:night", reason: "x", critical: false },
      checkpoint: null,
    });
    expect(days.tick(at7 + 60)).toEqual([]);
    expect(days.tick(at22 + 86_400)).toEqual(["resume tts"]);
    expect(days.decisions[0]).toMatchObject({ actor: "window:night" });
  });

  test("too little time to load and save waits for the next one", () => {
    const learned = {
      saveMs: 60_000,
      slowestSaveMs: 60_000,
      reloadMs: 60_000,
      memoryMiB: null,
      cpuPercent: null,
    };
    const cause: Cause = { actor: "window:night", reason: "x", critical: false };
    const state = { name: "paused" as const, since: at(-5), cause, checkpoint: null };
    const days = new Days({ windows: [night] }, pausedJob("tts", {}, { learned, state }));
    expect([days.tick(at7 - 119), days.waits("tts")]).toEqual([[], ["window"]]);
    expect(days.tick(at7 - 120)).toEqual(["resume tts"]);
  });

  test("resumed by hand outside it, a job runs until it next closes", () => {
    const days = new Days({ windows: [night] }, makeJob({}, { understands: "contract" }));
    expect(days.tick(0)).toEqual([]);
    expect(days.ask(1, { verb: "resume", jobs: ["tts"], by: "ana" })).toEqual([]);
    expect(days.tick(1)).toEqual(["start tts"]);
    days.set("tts", { name: "running", since: at(2), run: makeRun() });
    for (const second of [10, 3600, at22 - 1, at22 + 1, at7 - 1]) expect(days.tick(second)).toEqual([]);
    expect(days.tick(at7)).toEqual(["pause tts by checkpoint"]);
    expect(days.world.jobs.tts?.manual).toBeNull();
  });
});

describe("by hand", () => {
  test("a pause wins until its end, over everything", () => {
    const days = new Days({ rules: [CPU] }, running("tts"));
    days.ask(0, { verb: "pause", jobs: ["tts"], untilMs: at(100).wallMs, by: "ana" });
    expect(days.tick(0, quiet)).toEqual(["pause tts by checkpoint"]);
    days.set("tts", {
      name: "paused",
      since: at(1),
      cause: { actor: "user", reason: "x", critical: false },
      checkpoint: null,
    });
    expect([days.tick(99, quiet), days.waits("tts")]).toEqual([[], ["manual"]]);
    expect(days.why.tts?.next?.atMs).toBe(at(100).wallMs);
    expect(days.tick(100, quiet)).toEqual(["resume tts"]);
  });

  test("without an end it lasts", () => {
    const days = new Days({ rules: [CPU] }, pausedJob("tts"));
    days.ask(0, { verb: "pause", jobs: ["tts"], untilMs: null, by: "ana" });
    for (const second of [1, 3600, 1e6]) expect(days.tick(second, quiet)).toEqual([]);
    days.ask(1e6, { verb: "resume", jobs: ["tts"], by: "ana" });
    expect(days.tick(1e6, quiet)).toEqual(["resume tts"]);
  });

  test("a resume isn't undone by the rule that was in pressure, until that has been clear once", () => {
    const days = new Days({ rules: [CPU] }, pausedJob("tts"));
    days.tick(0, busy);
    days.ask(1, { verb: "resume", jobs: ["tts"], by: "ana" });
    expect(days.tick(1, busy)).toEqual(["resume tts"]);
    days.set("tts", { name: "running", since: at(2), run: makeRun() });
    for (let second = 2; second < 20; second += 1) expect(days.tick(second, busy)).toEqual([]);
    expect(days.tick(20, quiet)).toEqual([]);
    expect(days.tick(21, busy)).toEqual(["pause tts by checkpoint"]);
  });

  test("but a critical rule isn't excused", () => {
    const days = new Days({ rules: [{ ...CPU, severity: "critical" }] }, pausedJob("tts"));
    days.tick(0, busy);
    days.ask(1, { verb: "resume", jobs: ["tts"], by: "ana" });
    expect([days.tick(1, busy), days.waits("tts")]).toEqual([[], ["rule"]]);
  });

  test("a resume asks for no patience from balance, once", () => {
    const balance = {
      backoff: { cpu: { count: 9, lastPauseMs: at(0).wallMs } },
      productiveMs: 0,
      overheadMs: 1e9,
    };
    const days = new Days({ rules: [CPU] }, pausedJob("tts", {}, { balance }));
    expect(days.tick(0, quiet)).toEqual([]);
    days.ask(1, { verb: "resume", jobs: ["tts"], by: "ana" });
    expect(days.tick(1, quiet)).toEqual(["resume tts"]);
  });

  test("a freeze on request, also of a pause that is overdue", () => {
    const days = new Days({ rules: [] }, running("tts"));
    days.ask(0, { verb: "pause", jobs: ["tts"], untilMs: null, by: "ana", force: "freeze" });
    expect(days.tick(0)).toEqual(["pause tts by freeze"]);
    const state = pausingState("tts", 0);
    days.set("tts", { ...state, request: { ...state.request, overdue: "waiting" } });
    expect(days.tick(1)).toEqual(["pause tts by freeze"]);
    days.set("tts", { ...state, request: { ...state.request, overdue: "frozen" } });
    expect(days.tick(2)).toEqual([]);
    days.ask(3, { verb: "resume", jobs: ["tts"], by: "ana" });
    expect(days.tick(3)).toEqual(["resume tts"]);
  });

  test("an end on request, once, from wherever it lives; it stays paused until it is resumed", () => {
    const days = new Days({ rules: [] }, running("tts", {}, { worldSize: 2 }));
    days.ask(0, { verb: "pause", jobs: ["tts"], untilMs: null, by: "ana", force: "terminate" });
    days.tick(0);
    expect(days.decisions[0]).toMatchObject({
      verb: "pause",
      job: "tts",
      end: true,
      cause: { actor: "user" },
    });
    const { request, ...state } = pausingState("tts", 0);
    for (const overdue of [null, "waiting", "frozen"] as const) {
      days.set("tts", { ...state, request: { ...request, overdue } });
      days.tick(1);
      expect(days.decisions).toMatchObject([{ job: "tts", end: true }]);
    }
    days.set("tts", { ...state, request: { ...request, overdue: "terminated", endedByHand: true } });
    expect(days.tick(2)).toEqual([]);
    const cause = { actor: "user" as const, reason: "Asked for by ana.", critical: false };
    days.set("tts", { name: "paused", since: at(3), cause, checkpoint: null });
    expect(days.tick(900)).toEqual([]);
    days.ask(901, { verb: "resume", jobs: ["tts"], by: "ana" });
    expect(days.tick(901)).toEqual(["resume tts"]);
  });

  test("what can't be done is refused with its reason, the rest is done", () => {
    const days = new Days(
      {},
      running("a"),
      running("b", {}, { worldSize: 2 }),
      makeJob({ name: "c" }, { state: { name: "finished", since: at(0) } }),
    );
    expect(
      days.ask(0, { verb: "pause", jobs: ["a", "b", "c", "d"], untilMs: null, by: "ana", force: "freeze" }),
    ).toEqual(["'b' has several ranks, which fail when they are frozen.", "There is no job 'd'."]);
    expect(days.world.jobs.a?.manual).toMatchObject({ want: "pause", force: "freeze" });
    expect(days.ask(0, { verb: "resume", jobs: ["c"], by: "ana" })).toEqual([
      "'c' has finished already. To run it anew, give it another name: supervisor run --name c-2 -- train",
    ]);
    expect(days.ask(0, { verb: "cancel", jobs: ["c"], by: "ana" })).toEqual(["'c' has finished already."]);
    expect(days.ask(9, { verb: "pause", jobs: ["a"], untilMs: at(3).wallMs, by: "ana" })[0]).toMatch(
      /in the past/,
    );
  });

  test("a failed job is given another chance by a resume", () => {
    const days = new Days(
      {},
      makeJob({}, { state: { name: "failed", since: at(0), reason: "x", exitCode: 1 } }),
    );
    expect(days.ask(1, { verb: "resume", jobs: ["tts"], by: "ana" })).toEqual([]);
    expect(days.tick(1)).toEqual(["start tts"]);
  });
});

describe("while the supervisor stops", () => {
  test("everything is paused by checkpoint, what can't save is frozen and told so", () => {
    const frozen = { name: "frozen" as const, since: at(-5), run: makeRun(), cause: byRule };
    const days = new Days(
      {},
      running("a"),
      running("b", {}, { understands: "nothing" }),
      running("c", {}, { state: frozen }),
      running("d", {}, { state: frozen, understands: "nothing" }),
    );
    days.mode = { stopping: true, journalHealthy: true };
    expect(days.tick(0)).toEqual(["pause a by checkpoint", "pause b by freeze", "pause c by checkpoint"]);
    expect(days.last.reasons[1]).toMatch(/can't save: it is frozen, holds its memory/);
    expect(days.decisions[0]).toMatchObject({ cause: { actor: "shutdown" } });
  });
});

describe("GPUs", () => {
  const hot = { name: "hot", metric: "gpu.temperature", above: 90, clear: { below: 75 }, action: "freeze" };
  const gpus = (second: number, a: number, b: number) => [
    makeGpu(at(second), "A", 0, { "gpu.temperature": a }),
    makeGpu(at(second), "B", 1, { "gpu.temperature": b }),
  ];
  const on = (name: string, gpu: string, facts: Partial<Job> = {}) =>
    running(name, {}, { state: { name: "running", since: at(0), run: makeRun({ gpus: [gpu] }) }, ...facts });

  test("one hot GPU concerns the job on it alone; several ranks are asked to save instead", () => {
    expect(
      new Days({ rules: [hot] }, on("a", "A"), on("b", "B")).tick(0, {}, { gpus: gpus(0, 60, 91) }),
    ).toEqual(["pause b by freeze"]);
    expect(
      new Days({ rules: [hot] }, on("b", "B", { worldSize: 4 })).tick(0, {}, { gpus: gpus(0, 60, 91) }),
    ).toEqual(["pause b by checkpoint"]);
  });

  test("a job is placed where there is room: not on a hot one, not on one that is taken", () => {
    const place = (...jobs: Job[]) => {
      const days = new Days({ rules: [hot] }, ...jobs);
      days.tick(0, {}, { gpus: gpus(0, 60, 91) });
      return days;
    };
    expect(place(makeJob({ gpus: 1 })).decisions[0]).toMatchObject({ verb: "start", gpus: ["A"] });
    const taken = place(makeJob({ gpus: 1 }), on("a", "A"));
    expect(taken.waits("tts")).toEqual(["gpu-claimed"]);
    const both = place(makeJob({ gpus: 2 }));
    expect(both.waits("tts")).toEqual(["rule"]);
    expect(place(makeJob({ gpuIds: [0] }), on("a", "A")).waits("tts")).toEqual(["gpu-claimed"]);
    expect(place(makeJob({ gpuIds: ["A"] })).decisions[0]).toMatchObject({ gpus: ["A"] });
    expect(place(makeJob({ gpuIds: [7] })).waits("tts")).toEqual(["sensor"]);
    expect(place(makeJob({ gpus: 1, gpuMemoryMiB: 23_500 })).waits("tts")).toContain("gpu-memory");
  });

  test("a job that needs a GPU waits on a machine that has none, and why says so", () => {
    const days = new Days({ rules: [] }, makeJob({ gpus: 1 }));
    expect(days.tick(0)).toEqual([]);
    expect(days.said("tts")).toBe("waits: needs 1 GPU: no GPU was found");
  });
});

describe("why", () => {
  test("says of a stalled job for how long it has made no step", () => {
    const progress = {
      step: 7,
      totalSteps: null,
      epoch: null,
      metrics: {},
      reports: "running",
      advancedAtMs: at(-720).monotonicMs,
      stalledSinceMs: at(-720).wallMs,
    };
    const days = new Days({ rules: [] }, runningJob({}, { progress }));
    days.tick(0);
    expect(days.said("tts")).toMatch(/^running since \d\d:\d\d; no step for 12 min \(since \d\d:\d\d\)$/);
  });

  test("is there for every job in every state", () => {
    const states = [
      { name: "finished", since: at(0) },
      { name: "failed", since: at(0), reason: "Run 1 ended with exit code 1.", exitCode: 1 },
      { name: "cancelled", since: at(0) },
      { name: "starting", since: at(0), run: makeRun() },
      { name: "lost", since: at(0), run: makeRun() },
      { name: "running", since: at(0), run: makeRun() },
      { name: "standby", since: at(0), run: makeRun(), cause: byRule },
      { name: "frozen", since: at(0), run: makeRun(), cause: byRule },
      pausingState("x", 0),
    ] as const;
    const jobs = states.map((state) => makeJob({ name: state.name }, { state }));
    const days = new Days({ rules: [CPU] }, ...jobs);
    days.tick(1, busy);
    for (const { name } of states) expect(days.said(name).length).toBeGreaterThan(5);
  });

  test("a pause by hand is told in one sentence, with its end", () => {
    const days = new Days({ rules: [CPU] }, pausedJob("tts"));
    days.ask(0, { verb: "pause", jobs: ["tts"], untilMs: at(7200).wallMs, by: "ana" });
    days.tick(1, quiet);
    expect(days.said("tts")).toMatch(/^paused by you at \d\d:\d\d, until \d\d:\d\d$/);
    days.tick(2, busy);
    expect(days.said("tts")).toMatch(
      /^paused by you .*; waits: other programs use 64 % of the CPU; rule 'cpu' must/,
    );
  });

  test("two things in the way are both told", () => {
    const days = new Days({ rules: [CPU, { ...CPU, name: "more", above: 50 }] }, pausedJob("tts"));
    days.tick(0, { "cpu.others": 64 });
    expect(days.waits("tts")).toEqual(["rule", "rule"]);
  });
});

test("what it was given is left as it was", () => {
  const days = new Days({ rules: [CPU] }, running("a"), pausedJob("b"));
  const before = structuredClone(days.world);
  const given = days.world;
  days.tick(0, busy);
  expect(given).toEqual(before);
});

function pausingState(name: string, second: number): Extract<Job["state"], { name: "pausing" }> {
  const request = {
    method: "checkpoint" as const,
    cause: byRule,
    sequence: 1,
    askedAt: at(second),
    acknowledgedAt: null,
    lastRingMs: 0,
    deadlineMs: at(second + 120).monotonicMs,
    bytesSaved: 0,
    overdue: null,
    stepAtRequest: null,
    availableMiBAtRequest: null,
  };
  return { name: "pausing", since: at(second), run: makeRun({ id: name }), request };
}
