/**
 * What flap control costs and spares, over square waves of every period and a week of own load.
 * Covers: src/decide/starts/overhead-budget.ts
 */
import { expect, test } from "vitest";
import { square } from "../../bench/policy/traces.ts";
import { overheadMs } from "../../src/replay/figures.ts";
import { replay } from "../../src/replay/replay.ts";
import { configOf, historyOf, knownJob, START_MS } from "./material.ts";

const BUDGET = 0.05;
/** A job's very first pauses are free, as if it had had this much time. */
const FREE_MS = 600_000;
const COST = { saveMs: 4000, reloadMs: 18_000 };

const config = configOf({
  rules: [
    { name: "need", metric: "cpu.others", above: 50, forSeconds: 0, clear: { below: 25, forSeconds: 0 } },
  ],
  balance: { maxPauseOverhead: BUDGET },
  jobs: [{ name: "a", command: ["x"] }],
});

test.each([1, 2, 3, 7, 15, 45, 90, 200, 450, 1000, 2200, 3600])(
  "a square wave of %i s: overhead within the budget, and no yield delayed",
  async (period) => {
    const [high, low] = [Math.ceil(period / 2), Math.floor(period / 2)];
    const seconds = Math.max(7200, 3 * period);
    const values = square(high, low, seconds);
    const history = historyOf({
      seconds,
      // It begins quiet, or the job would never start.
      scene: (second) => ({ cpuOthers: second < 900 ? 0 : (values[second - 900] ?? 0) }),
      jobs: [knownJob("a", COST)],
    });
    const [figures] = (await replay(history, [{ name: "x", config, yardstick: config }])).configs;
    const job = figures?.jobs[0];
    if (figures === undefined || job === undefined) throw new Error("nothing was replayed");
    expect(overheadMs(job)).toBeLessThanOrEqual(BUDGET * (seconds * 1000 + FREE_MS));
    // The first need is met at its very first sample; each later one within a save of the job's being there.
    const pauses = figures.decisions.filter(({ kind }) => kind === "pause.requested");
    expect(((pauses[0]?.atMs ?? 0) - START_MS) / 1000).toBe(900);
    const into = pauses.map(({ atMs }) => ((atMs - START_MS) / 1000 - 900) % period);
    for (const second of into) expect(second).toBe(0);
    expect(figures.pressureMs).toBeLessThanOrEqual(pauses.length * (COST.saveMs + COST.reloadMs + 1000));
  },
);

test("a week of its own load at the limit of CPU and GPU: no pause", async () => {
  const careful = configOf({
    rules: [
      { name: "cpu", metric: "cpu.others", above: 30, clear: { below: 15, forSeconds: 30 } },
      { name: "gpu", metric: "gpu.others.utilization", above: 25, clear: { below: 10, forSeconds: 30 } },
    ],
    jobs: [{ name: "a", command: ["x"] }],
  });
  const week = historyOf({
    seconds: 7 * 86_400,
    kept: (second) => second % 60 === 0,
    scene: (second) => ({ cpuOthers: 5 + (second % 11), gpuOthers: second % 7 }),
    jobs: [knownJob("a", COST)],
  });
  const own = {
    ...week,
    *samples() {
      for (const sample of week.samples()) {
        const full = { value: 100, atMs: sample.at.monotonicMs };
        sample.machine["cpu.total"] = full;
        for (const { metrics } of sample.gpus) metrics["gpu.utilization"] = full;
        yield sample;
      }
    },
  };
  const [figures] = (await replay(own, [{ name: "x", config: careful, yardstick: careful }])).configs;
  expect(figures).toMatchObject({ pauses: 0, starts: 1, pressureMs: 0 });
  expect(figures?.jobs[0]?.workedMs).toBeGreaterThan(6.99 * 86_400_000);
});
