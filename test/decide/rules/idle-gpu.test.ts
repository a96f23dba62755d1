/** A job that holds a GPU and doesn't use it is told of, and only where its use is known. */
import { describe, expect, test } from "vitest";
import { unusedByOurs } from "../../../src/decide/rules/idle-gpu.ts";
import type { Job } from "../../../src/model/job.ts";
import type { GpuSample, Reading, Sample } from "../../../src/model/machine.ts";
import { byRule, Days, running } from "../days.ts";
import { at, makeGpu, makeRule, makeRun, makeSample } from "../make.ts";

const IDLE = {
  name: "held for nothing",
  metric: "gpu.ours.idle",
  above: 90,
  forSeconds: 40,
  clear: { below: 60 },
  action: "notify",
};

const on = (name: string, ...gpus: string[]): Job =>
  running(name, {}, { state: { name: "running", since: at(0), run: makeRun({ id: name, gpus }) } });

const process = (ours: string | null, gpuPercent?: number) => ({
  ...{ pid: 812, startTime: 5, user: "ana", command: "python", ours },
  ...(gpuPercent !== undefined && { gpuPercent }),
});

const read = (value: number, upTo = value): Reading => ({ value, upTo, atMs: at(9).monotonicMs });

/** A GPU whose list of processes can be read, unless `metrics` say otherwise. */
function gpuWith(metrics: Partial<GpuSample["metrics"]>, processes: GpuSample["processes"] = []): GpuSample {
  const gpu = makeGpu(at(9), "G", 3);
  const told = { "gpu.others.utilization": read(0), "gpu.others.memoryMiB": read(0) };
  return { ...gpu, processes, metrics: { ...gpu.metrics, ...told, ...metrics } };
}

function unused(gpu: GpuSample, jobs: Job[], rule: object = {}): number | string {
  const named = Object.fromEntries(jobs.map((job) => [job.name, job]));
  const reading = unusedByOurs(makeRule({ ...IDLE, ...rule }), gpu, {
    sample: makeSample(at(9)),
    jobs: named,
  });
  return "unavailable" in reading ? reading.unavailable : reading.value;
}

describe("what jobs leave unused of a GPU", () => {
  const half = { "gpu.utilization": read(45) };
  test.each<[string, GpuSample, Job[], number | string]>([
    ["nobody holds it", gpuWith(half), [on("tts", "OTHER")], 0],
    ["placed there, and never opened it", gpuWith({ "gpu.utilization": read(0) }), [on("tts", "G")], 100],
    ["seen there without having been placed", gpuWith(half, [process("tts", 20)]), [on("tts")], 55],
    ["alone, its own figure hidden", gpuWith(half, [process("tts")]), [on("tts", "G")], 55],
    [
      "of two that share it",
      gpuWith(half, [process("a", 15), process("b", 25)]),
      [on("a", "G"), on("b", "G")],
      55,
    ],
    [
      "beside somebody whose use is hidden, as ours",
      gpuWith({ ...half, "gpu.others.utilization": read(0, 30) }, [process("tts"), process(null)]),
      [on("tts", "G")],
      55,
    ],
    [
      "where a process may be ours",
      gpuWith({ "gpu.others.utilization": read(0, 30) }, [process("tts", 2)]),
      [on("tts", "G")],
      68,
    ],
    [
      "beside others whose use is told",
      gpuWith({ ...half, "gpu.others.utilization": read(38) }, [process("tts"), process(null, 38)]),
      [on("tts", "G")],
      93,
    ],
    [
      "that use more than is left by others",
      gpuWith(half, [process("tts", 22), process(null, 38)]),
      [on("tts", "G")],
      78,
    ],
    ["a driver that may be wrong", gpuWith({ "gpu.utilization": read(0, 70) }), [on("tts", "G")], 30],
    [
      "a driver that tells nothing",
      gpuWith({ "gpu.utilization": { unavailable: "not told" } }, [process("tts")]),
      [on("tts", "G")],
      "not told",
    ],
    [
      "a driver that tells neither whole nor list",
      gpuWith({ "gpu.utilization": { unavailable: "a" }, "gpu.others.utilization": { unavailable: "b" } }, [
        process("tts", 1),
      ]),
      [on("tts", "G")],
      "a",
    ],
    ["a GPU that sleeps", { ...gpuWith({}), asleep: true }, [on("tts", "G")], 100],
  ])("%s", (_, gpu, jobs, expected) => expect(unused(gpu, jobs)).toEqual(expected));

  test("only of the jobs that the rule names, and that are at work", () => {
    const quiet = gpuWith({ "gpu.utilization": read(0) });
    expect(unused(quiet, [on("tts", "G")], { jobs: ["asr"] })).toEqual(0);
    const state = {
      name: "frozen" as const,
      since: at(1),
      run: makeRun({ id: "tts", gpus: ["G"] }),
      cause: byRule,
    };
    expect(unused(quiet, [running("tts", {}, { state })])).toEqual(0);
  });
});

describe("a rule on it", () => {
  const using = (second: number, percent: number): Partial<Sample> => ({
    gpus: [
      {
        ...makeGpu(at(second), "G", 3, {
          "gpu.utilization": percent,
          "gpu.others.utilization": 0,
          "gpu.others.memoryMiB": 0,
        }),
        processes: [process("tts", percent)],
      },
    ],
    gpusUnavailable: null,
  });
  const course = (days: Days, percent: (second: number) => number, from: number, to: number): string[] => {
    const events: string[] = [];
    for (let second = from; second <= to; second++) {
      expect(days.tick(second, {}, using(second, percent(second))).join()).toMatch(/^(notify)?$/);
      events.push(...days.last.events);
    }
    return events;
  };

  test("tells once, beside the job, and pauses nobody; work ends it", () => {
    const days = new Days({ rules: [IDLE] }, on("tts", "G"));
    expect(course(days, () => 1, 0, 39)).toEqual([]);
    expect(days.said("tts")).not.toContain("unused");
    expect(course(days, () => 1, 40, 100)).toEqual(["rule.pressure"]);
    expect(days.said("tts")).toMatch(
      /^running since .*; holds GPU 3 and has left it unused for 1 min 40 s \(since /,
    );
    expect(course(days, () => 88, 101, 103)).toEqual(["rule.cleared"]);
    expect(days.said("tts")).not.toContain("unused");
  });

  test("names the job and the GPU in its reason", () => {
    const days = new Days({ rules: [{ ...IDLE, forSeconds: 0 }] }, on("tts", "G"));
    days.tick(0, {}, using(0, 4));
    expect(days.last.reasons).toEqual([
      "'tts' holds GPU 3 and leaves 96 % of it unused; rule 'held for nothing' allows 90 %.",
    ]);
  });

  test("a job that works now and then is never told of", () => {
    const days = new Days({ rules: [IDLE] }, on("tts", "G"));
    expect(course(days, (second) => (second % 25 === 0 ? 70 : 0), 0, 120)).toEqual([]);
  });
});
