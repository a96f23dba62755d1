/**
 * A GPU that falls asleep when nobody uses it: it is room, though it tells next to nothing. Pure.
 * Covers: src/decide/rules/dwell.ts, src/decide/rules/judge-rules.ts, src/decide/sharing/gpu-memory.ts
 */
import { expect, it } from "vitest";
import { DEFAULT_RULES } from "../../../src/config/schema/defaults.ts";
import { GPU_METRICS, type GpuMetric, type GpuSample } from "../../../src/model/machine.ts";
import { at, makeGpu, makeJob } from "../make.ts";
import { Desk, started } from "./desk.ts";

const SLEEPS = "the GPU sleeps to save power";
const rules = DEFAULT_RULES.filter(({ metric }) => metric.startsWith("gpu."));
const others = { use: "gpu.others.utilization", memory: "gpu.others.memoryMiB" } as const;
const awake = (second: number, use: number): GpuSample => {
  const all = Object.fromEntries(GPU_METRICS.map((metric) => [metric, 0])) as Record<GpuMetric, number>;
  return makeGpu(at(second), "GPU-0", 0, { ...all, [others.use]: use, "gpu.temperature": 40 });
};
/** As the kernel's reader tells it: nobody uses it, and nothing else is known. */
function asleep(second: number): GpuSample {
  const gpu = awake(second, 0);
  const metrics = { ...gpu.metrics };
  for (const metric of ["gpu.memory.freeMiB", "gpu.temperature", "gpu.power", "gpu.throttled"] as const)
    metrics[metric] = { unavailable: SLEEPS };
  return { ...gpu, asleep: true, metrics };
}
function run(
  desk: Desk,
  until: number,
  look: (second: number) => GpuSample,
): { at: number; kinds: string[] } {
  const kinds: string[] = [];
  for (let second = 0; second < until; second++) {
    const decided = desk.tick(second, { gpus: [look(second)] });
    kinds.push(...decided.events.map(({ kind }) => kind));
    if (started(decided).length > 0) return { at: second, kinds };
  }
  return { at: until, kinds };
}

it("lets a job start once others have been away for as long as the rule wants, asleep or not", () => {
  const first = run(new Desk([makeJob()], { rules }), 400, (second) =>
    second < 20 ? awake(second, 80) : asleep(second),
  );
  expect(first.at).toBeGreaterThanOrEqual(320);
  expect(first.at).toBeLessThan(330);
  expect(first.kinds).not.toContain("sensor.lost");
});

it("isn't short of memory that a config asks for", () => {
  const careful = makeJob({ gpuMemoryMiB: 7000 });
  expect(run(new Desk([careful], { rules }), 10, asleep).at).toBeLessThan(10);
  const untold = (second: number): GpuSample => {
    const { asleep: _, ...gpu } = asleep(second);
    return gpu;
  };
  expect(run(new Desk([careful], { rules }), 10, untold).at).toBe(10);
});
