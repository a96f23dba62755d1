/**
 * What a job needs of a GPU, held against what the GPU tells; and how its program is told the GPU. Pure.
 * Covers: src/decide/sharing/choose-gpus.ts, src/decide/sharing/device-variables.ts, src/decide/refresh-job.ts
 */
import { describe, expect, it } from "vitest";
import { deviceVariables } from "../../../src/decide/sharing/device-variables.ts";
import { gpuView } from "../../../src/decide/sharing/gpu-view.ts";
import type { Job } from "../../../src/model/job.ts";
import type { GpuDevice, GpuSample } from "../../../src/model/machine.ts";
import { at, figure, makeJob, makeRun, makeSample } from "../make.ts";
import { Desk, gpus, started, withFree } from "./desk.ts";

const UNTOLD = { unavailable: "this GPU doesn't support it" };
const learned = (gpuMemoryMiB: number, spec: object = {}): Job => {
  const job = makeJob(spec);
  return { ...job, learned: { gpuMemoryMiB: { "GPU-0": figure(gpuMemoryMiB) } } };
};
/** One whose memory nobody tells: neither how much there is nor how much is free. */
const unified = (second: number): GpuSample[] =>
  gpus(second, 1, { memoryTotalMiB: UNTOLD, memoryUsedMiB: UNTOLD }).map((gpu) => withFree(gpu, null));

describe("memory that isn't told", () => {
  it("holds back nothing that was learned", () => {
    expect(started(new Desk([learned(40_960)]).tick(0, { gpus: unified(0) }))).toEqual(["GPU-0"]);
  });

  it("holds back what the config asks for, by name", () => {
    const desk = new Desk([makeJob({ gpuMemoryMiB: 3072 })]);
    desk.tick(0, { gpus: unified(0) });
    expect(desk.why).toBe(
      "waits: its gpuMemoryMiB asks for 3.0 GiB, but the free memory of GPU 0 is unknown: the driver tells none",
    );
    expect(started(desk.tick(1, { gpus: gpus(1, 1) }))).toEqual(["GPU-0"]);
  });

  it("leaves a pause to its list of processes", () => {
    const run = makeRun({ gpus: ["GPU-0"] });
    const seen = (others: object): GpuSample[] =>
      unified(7).map((gpu) => ({
        ...gpu,
        metrics: { ...gpu.metrics, "gpu.others.memoryMiB": others as never },
      }));
    const view = (others: object) => gpuView(run, makeSample(at(7), {}, { gpus: seen(others) }));
    expect(view({ value: 0, atMs: at(6).monotonicMs })).toMatchObject({
      unavailable: null,
      atMs: at(6).monotonicMs,
      freeMiB: null,
    });
    expect(view({ unavailable: "the list was refused" })?.unavailable).toBe("the list was refused");
  });
});

describe("memory that was learned", () => {
  it("says nothing of a GPU that never had as much", () => {
    const small = (second: number): GpuSample[] =>
      gpus(second, 1, {
        memoryTotalMiB: { value: 10_240, atMs: at(second).monotonicMs },
        memoryUsedMiB: { value: 300, atMs: at(second).monotonicMs },
      }).map((gpu) => withFree(gpu, 9300));
    // 9,600 MiB are all that programs can have there.
    expect(started(new Desk([learned(9700)]).tick(0, { gpus: small(0) }))).toEqual(["GPU-0"]);
    const desk = new Desk([learned(9500)]);
    expect(started(desk.tick(0, { gpus: small(0) }))).toEqual([]);
    expect(desk.why).toContain("needs 9.3 GiB (measured 3 times) on GPU 0, 9.1 GiB free");
  });

  it("doesn't hold back a job that a person wants to run", () => {
    const manual = { want: "run" as const, sinceMs: at(0).wallMs, excused: [], windowUntilMs: null };
    const tight = gpus(0, 1).map((gpu) => withFree(gpu, 9300));
    expect(started(new Desk([learned(9500)]).tick(0, { gpus: tight }))).toEqual([]);
    expect(started(new Desk([{ ...learned(9500), manual }]).tick(0, { gpus: tight }))).toEqual(["GPU-0"]);
  });
});

describe("GPUs without the makings of a place", () => {
  const device = (runtime: GpuDevice["runtime"], number: number): GpuDevice => ({ runtime, number });
  it("are none for a job that names none, and need no GPU of it", () => {
    const one = gpus(0, 1)[0] as GpuSample;
    const { device: _, ...unnamed } = one;
    for (const gpu of [{ ...one, integrated: true as const }, { ...one, barred: "by hand" }, unnamed]) {
      const { decisions } = new Desk([makeJob()]).tick(0, { gpus: [gpu] });
      expect(decisions).toMatchObject([{ verb: "start", gpus: [] }]);
    }
    const named = new Desk([makeJob({ gpuIds: [0] })]);
    expect(started(named.tick(0, { gpus: [{ ...one, integrated: true }] }))).toEqual(["GPU-0"]);
    const lost = new Desk([makeJob({ gpuIds: [0] })]);
    lost.tick(0, { gpus: [unnamed] });
    expect(lost.why).toBe(
      "waits: no program can be told to use GPU 0: its compute driver isn't loaded (/dev/kfd)",
    );
  });

  it("of a second maker aren't mixed in, nor taken before the first is read", () => {
    const [a, b] = gpus(0, 2) as [GpuSample, GpuSample];
    const red = { ...b, device: device("rocm", 0) };
    const two = new Desk([makeJob({ gpus: 2 })]);
    expect(started(two.tick(0, { gpus: [a, red] }))).toEqual([]);
    expect(two.why).toContain("needs 2 GPUs");
    const desk = new Desk([makeJob()]);
    expect(started(desk.tick(0, { gpus: [red], gpusExpected: true, gpusUnavailable: "not yet" }))).toEqual(
      [],
    );
    expect(started(desk.tick(1, { gpus: [red] }))).toEqual(["GPU-1"]);
  });

  it.each([
    ["cuda", {}, { CUDA_VISIBLE_DEVICES: "u2,u5", CUDA_DEVICE_ORDER: "PCI_BUS_ID" }],
    [
      "cuda",
      { gpuNames: "index" as const },
      { CUDA_VISIBLE_DEVICES: "2,5", CUDA_DEVICE_ORDER: "PCI_BUS_ID" },
    ],
    [
      "rocm",
      {},
      {
        CUDA_VISIBLE_DEVICES: "",
        ROCR_VISIBLE_DEVICES: "2,5",
        HIP_VISIBLE_DEVICES: "0,1",
        GPU_DEVICE_ORDINAL: "0,1",
      },
    ],
    [
      "level-zero",
      {},
      {
        CUDA_VISIBLE_DEVICES: "",
        ZE_ENABLE_PCI_ID_DEVICE_ORDER: "1",
        ZE_AFFINITY_MASK: "2,5",
        ONEAPI_DEVICE_SELECTOR: "level_zero:gpu;*:cpu",
      },
    ],
  ] as const)("of %s are told by the variables of that runtime %o", (runtime, spec, expected) => {
    const placed = [2, 5].map((number) => ({ uuid: `u${number}`, device: device(runtime, number) }));
    expect(deviceVariables(placed, spec)).toEqual(expected);
  });

  it("where a job wants none, all are hidden from it", () => {
    const { decisions } = new Desk([makeJob({ gpus: 0 })]).tick(0, { gpus: gpus(0, 1) });
    expect(decisions).toMatchObject([
      { gpus: [], devices: { CUDA_VISIBLE_DEVICES: "", HIP_VISIBLE_DEVICES: "-1" } },
    ]);
  });
});
