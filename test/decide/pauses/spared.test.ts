/** Covers: src/decide/pauses/spared.ts, src/words/sentences/spared.ts, src/decide/rules/rule-now.ts */

import { describe, expect, test } from "vitest";
import { UNSEEN } from "../../../src/decide/rules/hand-over/others-used.ts";
import { Days, MEMORY, running } from "../days.ts";
import { at, makeGpu, makeRun, runningJob } from "../make.ts";

const BUSY = { name: "busy", metric: "cpu.others", above: 40, clear: { below: 10 } };
const using = (cpuPercent: number, memoryMiB = 900) => ({
  runs: {
    a: {
      cpuPercent: { value: cpuPercent, atMs: at(1).monotonicMs },
      memoryMiB: { value: memoryMiB, atMs: at(1).monotonicMs },
      processes: 1,
    },
  },
});
const others = { "cpu.others": 77 };
const because = (days: Days, name = "a") => days.why[name]?.spared?.map((one) => one.because);

describe("a rule in pressure that pauses nobody says why, in 'why' and once in the audit log", () => {
  test("where the job uses next to nothing of it", () => {
    const days = new Days({ rules: [BUSY] }, running("a"));
    expect(days.tick(1, others, using(0.34))).toEqual([]);
    expect(days.last.events).toEqual(["rule.pressure", "rule.powerless"]);
    expect(days.said("a")).toContain(
      "rule 'busy' is in pressure and doesn't pause it: it uses 0.3 % of the CPU: a pause would free nothing",
    );
    days.tick(2, others, using(0.6));
    expect([days.last.events, because(days)]).toEqual([[], ["use"]]);
    // Once it uses some, it is paused; nothing is left to be said.
    expect(days.tick(3, others, using(12))).toEqual(["pause a by checkpoint"]);
    expect([days.last.events, because(days)]).toEqual([[], undefined]);
  });

  test("where its only means would free nothing, or a person or a proof stands against it", () => {
    const memory = { "memory.availablePercent": 2 };
    const knows = new Days({ rules: [MEMORY] }, running("a", {}, { understands: "nothing" }));
    expect([knows.tick(1, memory, using(50)), because(knows)]).toEqual([[], ["means"]]);
    const small = new Days({ rules: [MEMORY] }, running("a"));
    expect([small.tick(1, memory, using(50, 3)), small.said("a")]).toEqual([
      [],
      expect.stringContaining("it uses 3 MiB of memory"),
    ]);
    const manual = { want: "run" as const, sinceMs: 0, excused: ["busy"], windowUntilMs: null };
    const resumed = new Days({ rules: [BUSY] }, running("a"));
    resumed.tick(1, others, using(0.1));
    resumed.world = {
      ...resumed.world,
      jobs: { a: { ...running("a"), manual, misattributed: [] } },
    };
    expect([resumed.tick(2, others, using(50)), because(resumed)]).toEqual([[], ["excused"]]);
    const blamed = new Days({ rules: [BUSY] }, running("a", {}, { misattributed: ["busy"] }));
    expect([blamed.tick(1, others, using(50)), because(blamed)]).toEqual([[], ["blamed"]]);
  });

  test("where it would be parked in the very memory that is short, and only there", () => {
    const parked = running("a", { pause: { method: "park" } }, { understands: "nothing" });
    const swap = { name: "swap", metric: "swap.usedMiB", above: 40, clear: { below: 10 } };
    for (const [rule, reading] of [
      [{ ...MEMORY, severity: "critical" }, { "memory.availablePercent": 3 }],
      [swap, { "swap.usedMiB": 70 }],
    ] as const) {
      const days = new Days({ rules: [rule] }, parked);
      expect([days.tick(1, reading, using(50)), because(days)]).toEqual([[], ["parks"]]);
      expect(days.said("a")).toContain("parking takes host memory");
    }
    const saves = new Days({ rules: [swap] }, running("a", { pause: { method: "park" } }));
    expect(saves.tick(1, { "swap.usedMiB": 70 }, using(50))).toEqual(["pause a by checkpoint"]);
    const cpu = new Days({ rules: [BUSY] }, parked);
    expect(cpu.tick(1, others, using(50))).toEqual(["pause a by park"]);
  });

  test("once while it stays in pressure, however its reading comes and goes", () => {
    const manual = { want: "run" as const, sinceMs: 0, excused: ["busy"], windowUntilMs: null };
    const days = new Days({ rules: [BUSY] }, running("a", {}, { manual }));
    const told = [77, 20, 81, 20, 64].map((cpu, second) => {
      days.tick(1 + second, { "cpu.others": cpu }, using(50));
      return days.last.events;
    });
    expect(told).toEqual([["rule.pressure", "rule.powerless"], [], [], [], []]);
    days.tick(6, { "cpu.others": 2 }, using(50));
    days.tick(7, others, using(0.1));
    expect(days.last.events).toEqual(["rule.pressure", "rule.powerless"]);
  });

  test("not while another job makes room, nor of jobs that the rule isn't about", () => {
    const saves = runningJob(
      { name: "b" },
      { state: { name: "running", since: at(0), run: makeRun({ id: "b" }) } },
    );
    const two = new Days({ rules: [{ ...BUSY, jobs: ["a"] }] }, running("a"), saves);
    expect([two.tick(1, others, using(0)), because(two, "b")]).toEqual([[], undefined]);
    expect(because(two)).toEqual(["use"]);
    const all = new Days({ rules: [BUSY] }, running("a"), saves);
    expect([all.tick(1, others, using(0)), because(all)]).toEqual([["pause b by checkpoint"], undefined]);
  });

  test("on a GPU, of the jobs on that GPU alone", () => {
    const rule = { name: "gpu", metric: "gpu.others.memoryMiB", above: 20, clear: { below: 5 } };
    const on = (name: string, uuid: string) => ({
      ...running(name, {}, { understands: "nothing" }),
      state: { name: "running" as const, since: at(0), run: makeRun({ id: name, gpus: [uuid] }) },
    });
    const days = new Days({ rules: [rule] }, on("a", "GPU-7"), on("b", "GPU-8"), running("c"));
    const gpu = makeGpu(at(1), "GPU-7", 7, { "gpu.others.memoryMiB": 900 });
    expect(days.tick(1, {}, { gpus: [gpu] })).toEqual([]);
    expect(days.why.a?.spared).toEqual([{ job: "a", rule: "gpu", gpu: 7, because: "means" }]);
    expect([because(days, "b"), because(days, "c")]).toEqual([undefined, undefined]);
  });
});

test("a rule whose load came and went with a job says so wherever it speaks", () => {
  const told = { gpu: null, from: 2, to: 80, runs: 3 };
  const course = { sinceMs: 0 };
  const seen = { before: UNSEEN, together: course, programs: course, who: {} };
  const companion = { runs: 3, told, sinceMs: 0, ...seen, own: 0, readings: 0 };
  const days = new Days({ rules: [BUSY] }, running("a"), running("b"));
  days.world = { ...days.world, memory: { ...days.world.memory, companions: { b: companion } } };
  expect(days.tick(1, others, using(30))).toHaveLength(1);
  expect(days.last.reasons[0]).toMatch(
    /rule 'busy' allows 40 %\. This load came and went with 3 runs of 'b'\.$/,
  );
});
