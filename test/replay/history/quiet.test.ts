/** Ticks that are skipped between two samples of thinned history would have changed nothing. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { replay } from "../../../src/replay/replay.ts";
import { CPU_RULE, configOf, historyOf, knownJob, type Scene, START_MS } from "../material.ts";

/** One look a minute; levels that clear, press, and lie between. */
const levels = fc.array(fc.constantFrom(3, 30, 80), { minLength: 40, maxLength: 70 });
const costs = fc.record({
  saveMs: fc.integer({ min: 100, max: 90_000 }),
  reloadMs: fc.integer({ min: 100, max: 200_000 }),
});
const clears = fc.integer({ min: 0, max: 400 });
const gpuRule = {
  name: "hot",
  metric: "gpu.temperature",
  above: 85,
  forSeconds: 30,
  clear: { below: 70, forSeconds: 90 },
  action: "freeze",
};

test("skipping them gives the same decisions at the same moments, and the same figures", async () => {
  const gives = fc.asyncProperty(levels, levels, costs, clears, async (cpu, heat, cost, clear) => {
    const scene = (second: number): Scene => ({
      cpuOthers: cpu[Math.floor(second / 60) % cpu.length] ?? 0,
      gpuOthers: 0,
      temperature: 40 + (heat[Math.floor(second / 60) % heat.length] ?? 0) * 0.6,
    });
    const config = configOf({
      rules: [{ ...CPU_RULE, clear: { below: 20, forSeconds: clear } }, gpuRule],
      windows: [{ name: "hours", opens: "*/20 * * * *", closes: "13,33,53 * * * *", jobs: ["b"] }],
      balance: { backoffSeconds: 45, calmSeconds: 900 },
      jobs: ["a", "b"].map((name, at) => ({
        name,
        command: ["x"],
        gpus: at,
        checkpoint: { everyMinutes: 7 },
      })),
    });
    const history = () =>
      historyOf({
        seconds: cpu.length * 60,
        scene,
        kept: (second) => second % 60 === 0,
        jobs: [knownJob("a", cost), knownJob("b", cost)],
      });
    const one = [{ name: "one", config, yardstick: config }];
    const [fast] = (await replay(history(), one)).configs;
    const [slow] = (await replay(history(), one, { everyTick: true })).configs;
    expect(fast?.decisions.map(({ kind, job, atMs }) => [kind, job, atMs - START_MS])).toEqual(
      slow?.decisions.map(({ kind, job, atMs }) => [kind, job, atMs - START_MS]),
    );
    expect(fast?.pressureMs).toBe(slow?.pressureMs);
    expect(fast?.jobs).toEqual(slow?.jobs);
  });
  await fc.assert(gives, { numRuns: 12, endOnFailure: true });
});
