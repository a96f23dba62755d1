/** Jobs, samples and sightings for the tests of the pure core; what a test doesn't say is usual. */
import { jobSchema } from "../../src/config/schema/job-schema.ts";
import { type Config, configSchema, type Rule, ruleSchema } from "../../src/config/schema/schema.ts";
import { type Input, step } from "../../src/decide/lifecycle/step.ts";
import { newJob } from "../../src/decide/roster.ts";
import type { Decision } from "../../src/model/decision.ts";
import type { Figure } from "../../src/model/figure.ts";
import type { Job } from "../../src/model/job.ts";
import {
  GPU_METRICS,
  type GpuMetric,
  type GpuSample,
  MACHINE_METRICS,
  type MachineMetric,
  type Reading,
  type Sample,
} from "../../src/model/machine.ts";
import type { Checkpoint, Run } from "../../src/model/run.ts";
import type { RankStatus, Seen } from "../../src/model/seen.ts";
import type { Now } from "../../src/model/time.ts";

export const WALL = Date.UTC(2026, 10, 23, 10);

/** `seconds` after the beginning, on both clocks. */
export const at = (seconds: number): Now => ({
  wallMs: WALL + seconds * 1000,
  monotonicMs: 1_000_000 + seconds * 1000,
});

export function makeJob(spec: object = {}, facts: Partial<Job> = {}): Job {
  const whole = jobSchema.parse({ name: "tts", command: ["train"], ...spec });
  return { ...newJob(whole, "config", at(0)), ...facts };
}

/** Learned from these measurements; one stands for three alike, so that it is sure. */
export function figure(...recent: number[]): Figure {
  const [only] = recent;
  const kept = recent.length === 1 && only !== undefined ? [only, only, only] : recent;
  return { count: kept.length, recent: kept };
}

export const makeRule = (rule: object): Rule =>
  ruleSchema.parse({ name: "busy", metric: "cpu.others", above: 60, clear: { below: 30 }, ...rule });

export function makeConfig(config: object = {}): Config {
  const parsed = configSchema.parse({ rules: [], ...config });
  return {
    ...parsed,
    rules: parsed.rules ?? [],
    database: "/x/db",
    stateDirectory: "/x",
    file: null,
    project: "user",
    directory: "/x",
  };
}

type Readings = Partial<Record<MachineMetric, number | string>>;

/** Numbers are readings of that moment, strings reasons why there is none; the rest isn't there. */
export function makeSample(now: Now, readings: Readings = {}, more: Partial<Sample> = {}): Sample {
  const reading = (value: number | string | undefined): Reading =>
    typeof value === "number"
      ? { value, atMs: now.monotonicMs }
      : { unavailable: value ?? "not on this machine" };
  const machine = Object.fromEntries(MACHINE_METRICS.map((metric) => [metric, reading(readings[metric])]));
  return {
    at: now,
    machine: machine as Sample["machine"],
    gpus: [],
    gpusUnavailable: "no GPU was found",
    runs: {},
    foreign: [],
    ...more,
  };
}

export function makeGpu(
  now: Now,
  uuid: string,
  index: number,
  readings: Partial<Record<GpuMetric, number>> = {},
): GpuSample {
  const read = (value: number | undefined): Reading =>
    value === undefined ? { unavailable: "not read" } : { value, atMs: now.monotonicMs };
  return {
    uuid,
    index,
    name: "RTX 4090",
    memoryTotalMiB: read(24_000),
    device: { runtime: "cuda", number: index },
    memoryUsedMiB: read(1000),
    powerLimitWatts: read(450),
    metrics: Object.fromEntries(
      GPU_METRICS.map((m) => [m, read(readings[m] ?? (m === "gpu.memory.freeMiB" ? 23_000 : undefined))]),
    ) as GpuSample["metrics"],
    processes: [],
  };
}

export function makeCheckpoint(stepNumber: number, now: Now, more: Partial<Checkpoint> = {}): Checkpoint {
  const path = `/x/step-${String(stepNumber).padStart(8, "0")}`;
  return {
    path,
    step: stepNumber,
    epoch: null,
    bytes: 1_000_000,
    createdAtMs: now.wallMs,
    verified: "quick",
    ...more,
  };
}

export function makeRank(facts: Partial<RankStatus> = {}): RankStatus {
  return {
    rank: 0,
    worldSize: 1,
    pid: 4711,
    startTime: 1,
    state: "running",
    sequence: 0,
    step: null,
    totalSteps: null,
    epoch: null,
    metrics: {},
    checkpoint: null,
    bytesSaved: 0,
    atMs: WALL,
    ...facts,
  };
}

/** A live first process, unless said otherwise. */
export function makeSeen(facts: Partial<Seen> = {}): Seen {
  return {
    pid: 4711,
    startTime: 1,
    alive: facts.exit === undefined || facts.exit === null,
    exit: null,
    leftovers: [],
    ranks: [],
    checkpoints: [],
    rejected: [],
    signalCaught: null,
    stopped: false,
    ...facts,
  };
}

export const exitCode = (code: number): Seen["exit"] => ({ known: true, code, signal: null });

export function startDecision(
  job: string,
  verb: "start" | "resume" = "start",
): Extract<Decision, { verb: "start" | "resume" }> {
  return { verb, job, actor: "supervisor", reason: "There is room.", evidence: {}, gpus: [] };
}

export function pauseDecision(
  job: string,
  more: Partial<Extract<Decision, { verb: "pause" }>> = {},
): Extract<Decision, { verb: "pause" }> {
  const cause = {
    actor: "rule:busy" as const,
    reason: "Somebody else needs it.",
    critical: false,
    rule: "busy",
  };
  return { verb: "pause", job, method: "checkpoint", cause, evidence: {}, ...more };
}

export const makeRun = (facts: Partial<Run> = {}): Run => ({
  id: "r1",
  number: 1,
  startedAt: at(0),
  pid: 4711,
  startTime: 1,
  bootId: "b",
  resumedFrom: null,
  resumedAtStep: 0,
  gpus: [],
  sequence: 0,
  ...facts,
});

export const runningJob = (spec: object = {}, facts: Partial<Job> = {}): Job =>
  makeJob(spec, {
    runs: 1,
    bootId: "b",
    understands: "contract",
    state: { name: "running", since: at(0), run: makeRun() },
    ...facts,
  });

/** One job through a story: each act is an input at a second; collects what was said and done. */
export class Story {
  job: Job;
  events: string[] = [];
  reasons: string[] = [];
  /** What each prune left. */
  kept: number[] = [];
  outcomes: (Record<string, unknown> | undefined)[] = [];
  effects: string[] = [];

  constructor(job: Job) {
    this.job = job;
  }

  get state(): string {
    return this.job.state.name;
  }

  on(second: number, input: Input): this {
    return this.at(at(second), input);
  }

  at(now: Now, input: Input): this {
    const { job, events, effects } = step(this.job, input, now);
    this.job = job;
    this.events.push(...events.map(({ kind }) => kind));
    this.reasons.push(...events.map(({ reason }) => reason));
    for (const effect of effects) if (effect.do === "prune") this.kept.push(effect.keep);
    this.outcomes.push(...events.map(({ outcome }) => outcome));
    this.effects.push(
      ...effects.map((effect) => (effect.do === "control" ? `control ${effect.want}` : effect.do)),
    );
    return this;
  }

  launch(second: number, resumeFrom: Checkpoint | null = null, gpus: string[] = []): this {
    const identity = { id: `r${this.job.runs + 1}`, bootId: "b" };
    return this.on(second, {
      kind: "launch",
      decision: startDecision(this.job.name),
      identity,
      resumeFrom,
      gpus,
    });
  }

  pause(second: number, more: Parameters<typeof pauseDecision>[1] = {}): this {
    return this.on(second, { kind: "pause", decision: pauseDecision(this.job.name, more) });
  }

  see(second: number, facts: Partial<Seen> = {}, availableMiB: number | null = null): this {
    return this.on(second, { kind: "seen", seen: makeSeen(facts), availableMiB });
  }

  /** What has come since the last call. */
  told(): string[] {
    return this.events.splice(0);
  }

  did(): string[] {
    return this.effects.splice(0);
  }
}
