/**
 * One policy over inference and training: who makes room first, how, and who comes back first.
 * Covers: src/decide/pauses/pause-method.ts, src/decide/pauses/victims.ts, src/decide/starts/choose-start.ts
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { pauseMethod } from "../../src/decide/pauses/pause-method.ts";
import { needsMemory } from "../../src/decide/rules/measures.ts";
import { isInference, type Job } from "../../src/model/job.ts";
import { GPU_METRICS, MACHINE_METRICS, type MachineMetric } from "../../src/model/machine.ts";
import { rounds } from "../rounds.ts";
import { byRule, CPU, Days, pausedJob, running } from "./days.ts";
import { at, makeCheckpoint, makeRun } from "./make.ts";

const STANDBY = { pause: { method: "standby" } };
/** Rules on a cluster concern its jobs alone. */
const LOCAL_METRICS = MACHINE_METRICS.filter((metric) => !metric.startsWith("slurm."));
const HELD_OR_NOT = fc.constantFrom("running" as const, "standby" as const);

interface Shape {
  inference: boolean;
  priority: number;
  saveMs: number;
}
const shape: fc.Arbitrary<Shape> = fc.record({
  inference: fc.boolean(),
  priority: fc.integer({ min: -2, max: 2 }),
  saveMs: fc.integer({ min: 1, max: 100_000 }),
});
const shapes = fc.array(shape, { minLength: 1, maxLength: 6 });
const specOf = ({ inference, priority }: Shape): object => ({ priority, ...(inference && STANDBY) });

function jobsOf(all: Shape[], make: (name: string, spec: object, facts: Partial<Job>) => Job): Job[] {
  return all.map((one, i) => {
    const learned = {
      saveMs: { count: 1, recent: [one.saveMs] },
      reloadMs: { count: 1, recent: [0] },
    };
    return make(`job-${i}`, specOf(one), { learned });
  });
}
const named = (jobs: Job[], decision: string | undefined): Job =>
  jobs.find(({ name }) => name === decision?.split(" ")[1]) as Job;

test("the kind that a rule prefers makes room first, whatever the priorities; among its kind priority decides", () => {
  fc.assert(
    fc.property(shapes, fc.constantFrom("inference", "training"), (all, prefer) => {
      const jobs = jobsOf(all, running);
      const [decision] = new Days({ rules: [{ ...CPU, prefer }] }, ...jobs).tick(0, { "cpu.others": 64 });
      const victim = named(jobs, decision);
      const kind = jobs.filter((job) => isInference(job) === (prefer === "inference"));
      const candidates = kind.length > 0 ? kind : jobs;
      expect(candidates.map(({ name }) => name)).toContain(victim.name);
      expect(victim.spec.priority).toBe(Math.min(...candidates.map(({ spec }) => spec.priority)));
    }),
    { numRuns: rounds(300) },
  );
});

test("without a preference priority decides, and among equals a standby, which costs nothing", () => {
  fc.assert(
    fc.property(shapes, (all) => {
      const jobs = jobsOf(all, running);
      const [decision] = new Days({ rules: [CPU] }, ...jobs).tick(0, { "cpu.others": 64 });
      const victim = named(jobs, decision);
      const lowest = Math.min(...all.map(({ priority }) => priority));
      const least = jobs.filter(({ spec }) => spec.priority === lowest);
      expect(least.map(({ name }) => name)).toContain(victim.name);
      expect(isInference(victim)).toBe(least.some(isInference));
    }),
    { numRuns: rounds(200) },
  );
});

test("all of them at once when critical, whatever the rule prefers", () => {
  const rules = [{ ...CPU, prefer: "inference", severity: "critical" }];
  const days = new Days({ rules }, running("asr", STANDBY), running("train"));
  expect(days.tick(0, { "cpu.others": 64 })).toEqual(["pause asr by standby", "pause train by checkpoint"]);
});

test("whatever a rule reads: time is freed by standby, memory by a release; from standby only memory is left to free", () => {
  const run = makeRun({ id: "asr" });
  fc.assert(
    fc.property(fc.constantFrom(...LOCAL_METRICS), HELD_OR_NOT, (metric, name) => {
      const rule = { name: "r", metric, above: 10, clear: { below: 5 } };
      const state =
        name === "running"
          ? { name, since: at(0), run }
          : { name, since: at(0), run, cause: { ...byRule, rule: "another" } };
      const standby = { releaseAfterMinutes: "never" };
      const job = running("asr", { ...STANDBY, standby }, { state, checkpoint: makeCheckpoint(1, at(-9)) });
      const readings: Partial<Record<MachineMetric, number>> = { [metric]: 20 };
      const pauses = new Days({ rules: [rule] }, job)
        .tick(1, readings)
        .filter((one) => one.startsWith("pause"));
      if (needsMemory(metric)) expect(pauses).toEqual(["pause asr by checkpoint"]);
      else expect(pauses).toEqual(name === "running" ? ["pause asr by standby"] : []);
    }),
    { numRuns: rounds(200) },
  );
});

test("the same for what is read of a GPU", () => {
  const job = running("asr", STANDBY);
  const released = GPU_METRICS.filter(
    (metric) => pauseMethod(job, { frees: needsMemory(metric) ? "memory" : "time" }) === "checkpoint",
  );
  expect(released).toEqual(["gpu.newcomers.memoryMiB", "gpu.others.memoryMiB", "gpu.memory.freeMiB"]);
});

test("of equal priority inference comes back first; a higher priority still goes before it", () => {
  fc.assert(
    fc.property(
      shapes,
      fc.array(fc.integer({ min: 30, max: 90 }), { minLength: 6, maxLength: 6 }),
      (all, ages) => {
        const jobs = jobsOf(all, (name, spec) => {
          const checkpoint = makeCheckpoint(5, at(-95), { verified: "full" });
          const since = at(-(ages[Number(name.slice(4))] ?? 30));
          return pausedJob(name, spec, {
            state: { name: "paused", since, cause: byRule, checkpoint },
          });
        });
        const days = new Days({ rules: [CPU], balance: { maxPauseOverhead: 0.9 } }, ...jobs);
        let decided: string[] = [];
        for (let second = 0; second < 400 && decided.length === 0; second += 20)
          decided = days.tick(second).filter((one) => one.startsWith("resume"));
        const first = named(jobs, decided[0]);
        const highest = Math.max(...jobs.map(({ spec }) => spec.priority));
        expect(first.spec.priority).toBe(highest);
        const atTop = jobs.filter(({ spec }) => spec.priority === highest);
        if (atTop.some(isInference)) expect(isInference(first)).toBe(true);
      },
    ),
    { numRuns: rounds(200) },
  );
});
