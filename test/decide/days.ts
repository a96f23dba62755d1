/** A policy from tick to tick for the tests of decide/policy.ts, with jobs that change only when a test says so. */

import { type ManualRequest, manualRequest } from "../../src/decide/manual-request.ts";
import { decide } from "../../src/decide/policy.ts";
import type { Mode } from "../../src/decide/tick-input.ts";
import { windowStates } from "../../src/decide/windows/windows.ts";
import { newWorld, type World } from "../../src/decide/world.ts";
import type { Cause } from "../../src/model/actor.ts";
import type { Job } from "../../src/model/job.ts";
import type { Sample } from "../../src/model/machine.ts";
import { whyText } from "../../src/words/sentences/why/why.ts";
import { at, makeCheckpoint, makeConfig, makeJob, makeRun, makeSample, runningJob } from "./make.ts";

export const CPU = { name: "cpu", metric: "cpu.others", above: 60, clear: { below: 30 } };
export const MEMORY = { name: "mem", metric: "memory.availablePercent", below: 5, clear: { above: 15 } };
export const byRule: Cause = { actor: "rule:cpu", reason: "x", critical: false, rule: "cpu" };

export const running = (name: string, spec: object = {}, facts: Partial<Job> = {}): Job =>
  runningJob(
    { name, ...spec },
    { state: { name: "running", since: at(0), run: makeRun({ id: name }) }, ...facts },
  );

export const pausedJob = (name: string, spec: object = {}, facts: Partial<Job> = {}): Job => {
  const checkpoint = makeCheckpoint(5, at(-50), { verified: "full" });
  const state = { name: "paused" as const, since: at(-40), cause: byRule, checkpoint };
  return makeJob({ name, ...spec }, { runs: 1, understands: "contract", checkpoint, state, ...facts });
};

/** A policy from tick to tick, with jobs that only change when the test says so. */
export class Days {
  world: World;
  config: ReturnType<typeof makeConfig>;
  mode: Mode = { stopping: false, journalHealthy: true };
  last = { decisions: [] as string[], events: [] as string[], reasons: [] as string[] };
  why: ReturnType<ReturnType<typeof decide>["why"]> = {};
  decisions: ReturnType<typeof decide>["decisions"] = [];
  #clockMs = 0;
  #wallMs = 0;

  constructor(config: object, ...jobs: Job[]) {
    this.config = makeConfig(config);
    this.world = newWorld(Object.fromEntries(jobs.map((job) => [job.name, job])));
  }

  /** Its answer to "why?" at the last tick. */
  said(name: string): string {
    const why = this.why[name];
    if (why === undefined) throw new Error(`no answer for '${name}'`);
    return whyText(why, this.#wallMs);
  }

  tick(
    second: number,
    readings: Parameters<typeof makeSample>[1] = { "cpu.others": 5 },
    more: Partial<Sample> = {},
  ): string[] {
    const now = { ...at(second), wallMs: at(second).wallMs + this.#clockMs };
    this.#wallMs = now.wallMs;
    const windows = windowStates(this.config.windows, now.wallMs);
    const decided = decide(this.world, {
      sample: makeSample(now, readings, more),
      windows,
      config: this.config,
      now,
      mode: this.mode,
    });
    this.world = decided.world;
    this.why = decided.why();
    this.decisions = decided.decisions;
    this.last.events = decided.events.map(({ kind }) => kind);
    this.last.reasons = decided.decisions.map((one) =>
      one.verb === "pause" ? one.cause.reason : one.reason,
    );
    return decided.decisions.map((one) =>
      `${one.verb} ${one.job ?? ""}${one.verb === "pause" ? ` by ${one.method}` : ""}`.trim(),
    );
  }

  /** As somebody sets the machine's wall clock. */
  setClock(byMs: number): void {
    this.#clockMs = byMs;
  }

  set(name: string, state: Job["state"]): void {
    const job = this.world.jobs[name] as Job;
    this.world = { ...this.world, jobs: { ...this.world.jobs, [name]: { ...job, state } } };
  }

  /** A sentence for each job that refuses. */
  ask(second: number, asked: ManualRequest): string[] {
    const now = at(second);
    const result = manualRequest(this.world, asked, windowStates(this.config.windows, now.wallMs), now);
    this.world = result.world;
    return [...result.passedOver.map(({ why }) => why), ...result.errors];
  }

  waits(name: string): string[] {
    return (this.why[name]?.waitingFor ?? []).map(({ code }) => code);
  }
}

export const busy = { "cpu.others": 64 };
export const quiet = { "cpu.others": 5 };

export function pausingState(name: string, second: number): Extract<Job["state"], { name: "pausing" }> {
  const request = {
    method: "checkpoint" as const,
    cause: byRule,
    sequence: 1,
    askedAt: at(second),
    acknowledgedAt: null,
    lastRingMs: 0,
    deadlineMs: at(second + 120).monotonicMs,
    bytesSaved: 0,
    overdue: null,
    stepAtRequest: null,
    availableMiBAtRequest: null,
  };
  return { name: "pausing", since: at(second), run: makeRun({ id: name }), request };
}
