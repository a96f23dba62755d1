/**
 * What deciding costs: CPU time of `decide()` with 1 and with 1,000 jobs known, and of `step()` for
 * one live job, on a quiet tick. `node bench/decide.ts` prints it; `measure()` returns it.
 */

import { DEFAULT_RULES } from "../src/config/schema/defaults.ts";
import { jobSchema } from "../src/config/schema/job-schema.ts";
import { configSchema } from "../src/config/schema/schema.ts";
import { step } from "../src/decide/lifecycle/step.ts";
import { decide } from "../src/decide/policy.ts";
import { newJob } from "../src/decide/roster.ts";
import { windowStates } from "../src/decide/windows/windows.ts";
import { newWorld } from "../src/decide/world.ts";
import type { Job } from "../src/model/job.ts";
import { MACHINE_METRICS, type Sample } from "../src/model/machine.ts";
import type { Run } from "../src/model/run.ts";
import type { Seen } from "../src/model/seen.ts";
import type { Now } from "../src/model/time.ts";
import type { Measured } from "./run.ts";

const START: Now = { wallMs: Date.UTC(2026, 10, 23, 10), monotonicMs: 1_000_000 };
const later = (seconds: number): Now => ({
  wallMs: START.wallMs + seconds * 1000,
  monotonicMs: START.monotonicMs + seconds * 1000,
});
const MIX = ["finished", "paused by hand", "paused by a rule", "waiting for a window", "running"] as const;
/** The first ticks belong to the compiler. */
const WARM_UP = 50;
const WINDOWS = [{ name: "night", opens: "0 22 * * *", closes: "0 7 * * *", jobs: ["w"] }];

export async function measure(): Promise<Measured[]> {
  const mixed = Array.from({ length: 1000 }, (_, at) =>
    job(`j${at}`, MIX[at % 50 === 0 ? 4 : at % 4] ?? "finished"),
  );
  const [one, many] = [decideMs([job("a", "running")], 3000), decideMs(mixed, 200)];
  return [
    row(
      "decide, 1 job",
      one,
      1,
      "a running job, five rules, one window; mean CPU time of 3,000 quiet ticks; the target is that of the whole tick",
    ),
    row(
      "decide, 1,000 jobs",
      many,
      10,
      "20 running, the others paused, waiting or ended; mean CPU time of 200 quiet ticks; the target is that of the whole tick",
    ),
    row(
      "step, a live job",
      stepMs(20_000),
      null,
      "a library job seen at work, one new step a tick; mean CPU time of 20,000",
    ),
  ];
}

const row = (name: string, value: number, target: number | null, detail: string): Measured => ({
  name,
  unit: "ms CPU",
  value: Number(value.toPrecision(3)),
  target,
  detail,
});

function decideMs(jobs: Job[], ticks: number): number {
  const config = {
    ...configSchema.parse({ windows: WINDOWS }),
    rules: DEFAULT_RULES,
    database: "",
    stateDirectory: "",
    file: null,
    project: "user",
    directory: "",
  };
  const mode = { stopping: false, journalHealthy: true };
  let world = newWorld(Object.fromEntries(jobs.map((one) => [one.name, one])));
  let spent = 0;
  for (let tick = 0; tick < ticks + WARM_UP; tick += 1) {
    const now = later(tick);
    const seen = sample(now, jobs);
    const begun = process.cpuUsage();
    const windows = windowStates(config.windows, now.wallMs);
    world = decide(world, { sample: seen, windows, config, now, mode }).world;
    const { user, system } = process.cpuUsage(begun);
    if (tick >= WARM_UP) spent += (user + system) / 1000;
  }
  return spent / ticks;
}

function stepMs(count: number): number {
  let one = job("a", "running");
  const begun = process.cpuUsage();
  for (let tick = 0; tick < count; tick += 1)
    one = step(one, { kind: "seen", seen: seen(tick), availableMiB: 8000 }, later(tick)).job;
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1000 / count;
}

function job(name: string, what: (typeof MIX)[number]): Job {
  const made = newJob(
    jobSchema.parse({ name: what === "waiting for a window" ? "w" : name, command: ["x"] }),
    "config",
    START,
  );
  const paused = { name: "paused" as const, since: START, checkpoint: null };
  const base = { ...made, name, understands: "contract" as const };
  switch (what) {
    case "finished":
      return { ...base, state: { name: "finished", since: START } };
    case "paused by hand":
      return {
        ...base,
        state: { ...paused, cause: { actor: "user", reason: "Ana asked for it.", critical: false } },
        manual: { want: "pause", sinceMs: START.wallMs, untilMs: null, by: "ana" },
      };
    case "paused by a rule":
      return {
        ...base,
        state: {
          ...paused,
          cause: {
            actor: "rule:host memory nearly gone",
            reason: "x",
            critical: false,
            rule: "host memory nearly gone",
          },
        },
        learned: { memoryMiB: { count: 3, recent: [1e6, 1e6, 1e6] } },
      };
    case "waiting for a window":
      return { ...base, name };
    case "running":
      return { ...base, runs: 1, state: { name: "running", since: START, run: run(name) } };
  }
}

const run = (job: string): Run => ({
  id: job,
  number: 1,
  startedAt: START,
  pid: 1,
  startTime: 1,
  bootId: "b",
  resumedFrom: null,
  resumedAtStep: 0,
  gpus: [],
  sequence: 0,
});

function sample(now: Now, jobs: Job[]): Sample {
  const reading = { value: 20, atMs: now.monotonicMs };
  const machine = Object.fromEntries(MACHINE_METRICS.map((metric) => [metric, reading])) as Sample["machine"];
  const live = jobs.filter(({ state }) => state.name === "running");
  const runs = Object.fromEntries(
    live.map(({ name }) => [name, { cpuPercent: reading, memoryMiB: reading, processes: 1 }]),
  );
  return { at: now, machine, gpus: [], gpusUnavailable: "no GPU was found", runs, foreign: [] };
}

function seen(tick: number): Seen {
  const rank = {
    rank: 0,
    worldSize: 1,
    pid: 1,
    startTime: 1,
    state: "running",
    sequence: 0,
    step: tick,
    totalSteps: 60_000,
    epoch: 1,
    metrics: { loss: 0.3 },
    checkpoint: null,
    bytesSaved: 0,
    atMs: START.wallMs,
  };
  return {
    pid: 1,
    startTime: 1,
    alive: true,
    exit: null,
    leftovers: [],
    ranks: [rank],
    checkpoints: [],
    rejected: [],
    signalCaught: true,
    stopped: false,
  };
}

if (import.meta.main)
  for (const { name, value, unit, detail } of await measure())
    console.log(`${name}: ${value} ${unit} (${detail})`);
