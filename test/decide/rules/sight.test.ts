/**
 * What a rule can't see isn't absent: a rule without a reading is told once as blind, one told by an estimate says so,
 * and a pause for hidden processes that were the job's own ends the rule for it.
 * Covers: src/decide/rules/sight.ts, src/words/sentences/sight.ts, src/decide/rules/self-caused.ts.
 */
import { describe, expect, test } from "vitest";
import { sights } from "../../../src/decide/rules/sight.ts";
import type { Job } from "../../../src/model/job.ts";
import type { Sample } from "../../../src/model/machine.ts";
import { sightText } from "../../../src/words/sentences/sight.ts";
import { Days, pausedJob, running } from "../days.ts";
import { at, makeCheckpoint, makeGpu, makeRun, makeSample } from "../make.ts";

const STALLS = { name: "stalls", metric: "pressure.io.full", above: 35, clear: { below: 12 } };
const LOW = { ...STALLS, name: "told of stalls", above: 5, action: "notify" };
const CPU = { name: "cpu", metric: "cpu.others", above: 60, clear: { below: 30 } };

const unseen = (days: Days): string[] => sights(days.config.rules, days.world.rules, []).map(sightText);

describe("a rule whose reading isn't there", () => {
  test("is told as blind once it is certain, with the others that need it, and holds nothing back", () => {
    const days = new Days({ rules: [STALLS, LOW, CPU] }, pausedJob("tts"));
    const kernel = { "cpu.others": 5, "pressure.io.full": "this kernel has no /proc/pressure/io" };
    expect([days.tick(0, kernel), days.waits("tts"), unseen(days)]).toEqual([[], ["sensor"], []]);
    days.tick(2.5, kernel);
    expect(days.last.events).toEqual([]);
    expect(days.tick(3.5, kernel)).toEqual(["resume tts"]);
    expect(days.last.events).toEqual(["rule.blind"]);
    expect(unseen(days)).toEqual([
      "Rules 'stalls' and 'told of stalls' can't act: pressure.io.full can't be read (this kernel has no /proc/pressure/io).",
    ]);
    // Only what would act on the job concerns it.
    expect(days.why.tts?.unseen).toMatchObject([{ how: "blind", rules: ["stalls"] }]);
    days.tick(60, kernel);
    expect(days.last.events).toEqual([]);
  });

  test("sees again as soon as there is one", () => {
    const days = new Days({ rules: [STALLS] }, pausedJob("tts"));
    for (const second of [0, 4]) days.tick(second, { "pressure.io.full": "not yet" });
    days.tick(5, { "pressure.io.full": 2 });
    expect([days.last.events, unseen(days)]).toEqual([["sensor.recovered"], []]);
    // From now on it is missed, and holds back.
    days.tick(6, { "pressure.io.full": "gone" });
    expect([days.last.events, days.waits("tts")]).toEqual([["sensor.lost"], ["sensor"]]);
    expect(unseen(days)).toEqual(["Rule 'stalls' can't act: pressure.io.full can't be read (gone)."]);
  });

  test("on one of two GPUs names that one", () => {
    const rule = { name: "hot", metric: "gpu.temperature", above: 80, clear: { below: 70 } };
    const days = new Days({ rules: [rule] }, running("tts"));
    const gpus = (second: number): Partial<Sample> => ({
      gpus: [makeGpu(at(second), "A", 0, { "gpu.temperature": 50 }), makeGpu(at(second), "B", 1)],
      gpusUnavailable: null,
    });
    for (const second of [0, 4]) days.tick(second, {}, gpus(second));
    expect(sights(days.config.rules, days.world.rules, gpus(4).gpus ?? []).map(sightText)).toEqual([
      "Rule 'hot' can't act: gpu.temperature on GPU 1 can't be read (not read).",
    ]);
  });
});

describe("a GPU that is there and was never read", () => {
  const HOT = { name: "hot", metric: "gpu.temperature", above: 83, clear: { below: 61 } };
  const silent: Partial<Sample> = { gpusExpected: true, gpusUnavailable: "the driver gives no answer" };

  test("makes its rules blind, and holds back only who wants it", () => {
    const days = new Days({ rules: [HOT] }, pausedJob("tts", { gpus: 0 }));
    expect(days.tick(0, {}, silent)).toEqual(["resume tts"]);
    days.tick(4, {}, silent);
    expect(days.last.events).toContain("rule.blind");
    expect(unseen(days)).toEqual([
      "Rule 'hot' can't act: gpu.temperature can't be read (the driver gives no answer).",
    ]);
    expect(days.why.tts?.unseen).toMatchObject([{ how: "blind", rules: ["hot"] }]);
  });

  test("ends that when it is read, unless it doesn't tell the metric either", () => {
    const days = new Days({ rules: [HOT] }, running("tts"));
    for (const second of [0, 4]) days.tick(second, {}, silent);
    const told = (metrics: Parameters<typeof makeGpu>[3]): Partial<Sample> => ({
      gpus: [makeGpu(at(5), "A", 0, metrics)],
      gpusUnavailable: null,
    });
    const before = days.world;
    days.tick(5, {}, told({ "gpu.temperature": 47 }));
    expect([days.last.events, unseen(days)]).toEqual([["sensor.recovered"], []]);
    days.world = before;
    days.tick(5, {}, told({}));
    expect(days.last.events).toEqual([]);
  });

  test("beside one of another maker is told of, too; without any, there is nothing to tell", () => {
    const days = new Days({ rules: [HOT] }, running("tts"));
    const beside = (second: number): Partial<Sample> => ({
      ...silent,
      gpus: [makeGpu(at(second), "A", 1, { "gpu.temperature": 50 })],
    });
    for (const second of [0, 4]) days.tick(second, {}, beside(second));
    expect(unseen(days)).toHaveLength(1);
    const none = new Days({ rules: [HOT] }, running("tts"));
    for (const second of [0, 4]) none.tick(second, {}, { gpusUnavailable: "no GPU was found" });
    expect(unseen(none)).toEqual([]);
  });
});

describe("an estimate", () => {
  const guessed = (second: number, value: number): Partial<Sample> => {
    const { machine } = makeSample(at(second));
    const reading = { value, upTo: value + 25, atMs: at(second).monotonicMs, estimated: "they are hidden" };
    return { machine: { ...machine, "cpu.others": reading } };
  };
  const train = (): Job =>
    running("train", {}, { state: { name: "running", since: at(0), run: makeRun({ startTime: 9 }) } });

  function pausedBy(seconds: number[]): Days {
    const days = new Days({ rules: [CPU] }, train());
    expect(days.tick(1, {}, guessed(1, 72))).toEqual(["pause train by checkpoint"]);
    for (const second of seconds) days.tick(second, {}, guessed(second, 72));
    return days;
  }

  /** Its run is gone, the rule's pause done. */
  function gone(days: Days, second: number): void {
    const job = days.world.jobs.train as Job;
    const checkpoint = makeCheckpoint(7, at(second), { verified: "full" });
    const cause = { actor: "rule:cpu" as const, reason: "x", critical: false, rule: "cpu" };
    const state = { name: "paused" as const, since: at(second), cause, checkpoint };
    days.world = { ...days.world, jobs: { train: { ...job, checkpoint, state } } };
  }

  test("is told as one, in the pause and as a warning", () => {
    const days = pausedBy([]);
    expect(days.last.reasons[0]).toBe(
      "Hidden processes of other users use about 72 % of the CPU; rule 'cpu' allows 60 %.",
    );
    expect(days.decisions[0]).toMatchObject({ evidence: { value: 72, estimated: "they are hidden" } });
    expect(unseen(days)).toEqual(["cpu.others is estimated: they are hidden."]);
    expect(days.tick(9, { "cpu.others": 72 }) && unseen(days)).toEqual([]);
  });

  test("that ends together with the job was its own: the rule is off for it", () => {
    const days = pausedBy([2]);
    gone(days, 3);
    days.tick(3.5, {}, guessed(3.5, 4));
    expect(days.last.events).toContain("rule.misattributed");
    expect(days.world.jobs.train?.misattributed).toEqual(["cpu"]);
  });

  test.each<[string, (days: Days) => void]>([
    ["goes on", (days) => [3.5, 4.5, 5.5].map((second) => days.tick(second, {}, guessed(second, 70)))],
    ["falls only a little", (days) => [3.5, 4.5].map((second) => days.tick(second, {}, guessed(second, 45)))],
  ])("that %s after it was others'", (_, after) => {
    const days = pausedBy([2]);
    gone(days, 3);
    after(days);
    days.tick(8, {}, guessed(8, 2));
    expect(days.world.jobs.train?.misattributed).toEqual([]);
  });
});
