/** A GPU's lines show what is known: whose use is seen, what nobody is seen at, which figure is missing. */
import { expect, test } from "vitest";
import type { GpuProcess, GpuSample, Reading } from "../../../src/model/machine.ts";
import { gpuLines } from "../../../src/show/draw/gpu-gauges.ts";
import { paint } from "../../../src/show/draw/lines.ts";
import { gaugeLines, gaugeRows } from "../../../src/show/draw/machine-gauges.ts";
import { gpu, gpus } from "../snapshots.ts";

const snapshot = gpus(1);
const process = (more: Partial<GpuProcess>): GpuProcess => ({
  pid: 9,
  startTime: 1,
  user: "ana",
  command: "x",
  ours: null,
  ...more,
});
const read = (value: number): Reading => ({ value, atMs: 0 });
/** Both lines of a GPU with these differences. */
function lines(more: Partial<GpuSample>, metrics: Partial<GpuSample["metrics"]> = {}): string[] {
  const base = gpu(0, { use: 95, others: 0 });
  const one = { ...base, ...more, metrics: { ...base.metrics, ...metrics } };
  return gpuLines({ ...snapshot, gpus: [one], rules: [] }, one, 120).map((line) => paint(line, "none"));
}

test("use that nobody is seen at isn't ours", () => {
  const [use] = lines({ processes: [] });
  expect(use).toMatch(/░+·* +95 % {2}others 0 % +ours 0 %/);
  expect(use).not.toContain("█");
});

test("ours is what our processes are seen to use, and unknown where one doesn't show it", () => {
  const ours = process({ ours: "r1", gpuPercent: 41, gpuMemoryMiB: 6144 });
  expect(lines({ processes: [ours, process({ gpuPercent: 54 })] })[0]).toContain("ours 41 %");
  const [use, vram] = lines({ processes: [ours, process({ ours: "r1", gpuMemoryMiB: 1024 })] });
  expect(use).toContain("ours ?");
  expect(use).not.toContain("█");
  expect(vram).toContain("ours 7.0 GiB");
});

test("ours is never more than the GPU can be used, nor than it has", () => {
  const ours = process({ ours: "r1", gpuPercent: 71, gpuMemoryMiB: 15_000 });
  const twice = [ours, { ...ours, pid: 10 }];
  const [use, vram] = lines({ processes: twice, memoryTotalMiB: read(24_576) });
  expect(use).toContain("ours 100 %");
  expect(vram).toContain("ours 24.0 GiB");
});

test("parts that come to more than the whole are said to overlap, and others' part reaches their mark", () => {
  const processes = [
    process({ ours: "r1", gpuPercent: 80, gpuMemoryMiB: 1024 }),
    process({ gpuPercent: 55 }),
  ];
  const others = { "gpu.others.utilization": read(55) };
  const [use] = lines({ processes }, others);
  const [bar = ""] = /[▒█░·]+/.exec(use ?? "") ?? [];
  expect([...bar].filter((cell) => cell === "▒").length / bar.length).toBeCloseTo(0.55, 1);
  expect(bar.endsWith("█·") || bar.endsWith("█··")).toBe(true);
  expect(use).toMatch(/others 55 % +ours 80 % +parts overlap/);
  expect(lines({ processes }, { "gpu.others.utilization": read(14) })[0]).not.toContain("overlap");
});

test("ours is unknown where nobody's processes can be told", () => {
  const blind: Reading = { unavailable: "its pids are another system's" };
  const [use, vram] = lines(
    { processes: [] },
    { "gpu.others.utilization": blind, "gpu.others.memoryMiB": blind },
  );
  for (const line of [use, vram]) expect(line).toMatch(/others \? +ours \?/);
  expect(use).not.toContain("█");
});

test("a figure of the GPU that is missing hides nothing that is known of processes", () => {
  const [use, vram] = lines(
    {
      memoryTotalMiB: { unavailable: "no size is told" },
      memoryUsedMiB: { unavailable: "no use is told" },
      processes: [process({ ours: "r1", gpuPercent: 20, gpuMemoryMiB: 2048 })],
    },
    {
      "gpu.utilization": { unavailable: "use is told per process only" },
      "gpu.others.utilization": read(60),
      "gpu.others.memoryMiB": read(3072),
    },
  );
  expect(use).toMatch(/▒+█+·+ +\? {2}others 60 % +ours 20 % .*use is told per process only/);
  expect(vram).toMatch(/^ {2}vram {2}others 3\.0 GiB +ours 2\.0 GiB +no use is told/);
});

test("a GPU that isn't read is said beside those that are", () => {
  const beside = { ...snapshot, gpusUnavailable: "the NVIDIA GPU sleeps" };
  const shown = (rows: number) => gaugeLines(beside, 100, rows).map((line) => paint(line, "none"));
  expect(shown(gaugeRows(beside)).at(-1)).toMatch(/^gpu +not read: the NVIDIA GPU sleeps/);
  expect(shown(gaugeRows(snapshot)).join()).not.toContain("sleeps");
});
