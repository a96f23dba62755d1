/**
 * Covers: src/decide/why/why.ts, src/decide/why/of-held.ts, src/decide/why/of-pausing.ts, src/decide/why/of-run.ts,
 * src/decide/why/of-working.ts
 */
import { describe, expect, test } from "vitest";
import type { Job } from "../../src/model/job.ts";
import { busy, byRule, CPU, Days, pausedJob, pausingState, quiet, running } from "./days.ts";
import { at, makeGpu, makeJob, makeRun, runningJob } from "./make.ts";

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
      /^paused by you .*; waits: other programs use 64 % of the CPU; rule 'cpu' clears once it is below 30 %/,
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
