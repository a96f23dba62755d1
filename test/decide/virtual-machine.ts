/**
 * A machine that exists in numbers only: jobs that keep the contract, others that come and go, the
 * real `step` and `decide` in between. Every tick is checked against what must never happen.
 */
import { expect } from "vitest";
import type { Config } from "../../src/config/schema/schema.ts";
import { step } from "../../src/decide/lifecycle/step.ts";
import { type ManualRequest, manualRequest } from "../../src/decide/manual-request.ts";
import { type Decided, decide } from "../../src/decide/policy.ts";
import { askForTurn } from "../../src/decide/sharing/ask-for-turn.ts";
import { gpuView } from "../../src/decide/sharing/gpu-view.ts";
import { windowStates } from "../../src/decide/windows/windows.ts";
import { newWorld, type World } from "../../src/decide/world.ts";
import type { Effect } from "../../src/model/effect.ts";
import type { NewEvent } from "../../src/model/event.ts";
import type { Job } from "../../src/model/job.ts";
import type { Reading, Sample } from "../../src/model/machine.ts";
import type { Checkpoint } from "../../src/model/run.ts";
import type { Exit, Seen } from "../../src/model/seen.ts";
import { runOf } from "../../src/model/state.ts";
import { at, makeCheckpoint, makeRank, makeSample } from "./make.ts";

/** How a job behaves; times in seconds. */
export interface Nature {
  save: number;
  load: number;
  /** CPU that it uses while it runs, in percent of the machine. */
  cpu: number;
  /** Never acknowledges a pause. */
  deaf?: boolean;
  /** Steps until it has finished. */
  steps?: number;
  /** Dies at this step of its first run. */
  diesAt?: number;
}

interface Process {
  run: string;
  startedAt: number;
  stopped: boolean;
  step: number;
  asked: number | null;
  sequence: number;
  exit: Exit | null;
}

/** What else there is besides jobs and a CPU. */
export interface Surroundings {
  /** Between two ticks. */
  everySeconds?: number;
  /** What the sample holds besides. */
  sample?: () => Partial<Sample>;
  /** Whether somebody took these GPUs just before a launch. */
  isTaken?: (gpus: string[]) => boolean;
}

export class VirtualMachine {
  world: World;
  second = 0;
  readonly events: (NewEvent & { second: number })[] = [];
  readonly launches: { job: string; second: number }[] = [];
  readonly forced: string[] = [];
  last: Decided | null = null;
  /** Seconds in which a step was made, for each job. */
  readonly worked: Record<string, number> = {};
  readonly #config: Config;
  readonly #natures: Record<string, Nature>;
  readonly #processes: Record<string, Process> = {};
  readonly #saved: Record<string, Checkpoint[]> = {};
  readonly #around: Surroundings;
  #requests = new Map<string, number>();
  #lastSample: Sample | null = null;
  /** Jobs whose launch found its GPU taken; told at the next tick. */
  #taken: string[] = [];

  constructor(config: Config, jobs: Job[], natures: Record<string, Nature>, around: Surroundings = {}) {
    this.#config = config;
    this.#around = around;
    this.#natures = natures;
    this.world = newWorld(Object.fromEntries(jobs.map((job) => [job.name, job])));
  }

  nature(name: string): Nature {
    return this.#natures[name] ?? { save: 1, load: 1, cpu: 10 };
  }

  ask(asked: ManualRequest): void {
    const windows = windowStates(this.#config.windows, at(this.second).wallMs);
    const result = manualRequest(this.world, asked, windows, at(this.second));
    this.world = result.world;
    this.#tell(result.events);
    for (const effect of result.effects) this.#perform(effect);
  }

  #tell(events: NewEvent[]): void {
    this.events.push(...events.map((event) => ({ ...event, second: this.second })));
  }

  /** A turn on a GPU that somebody else's job holds, as a person asks for it. */
  askTurn(gpu: string, forMs: number): boolean {
    if (this.#lastSample === null) return false;
    const asked = askForTurn(this.world, { gpu, forMs, by: "me" }, this.#lastSample, at(this.second));
    if ("error" in asked) return false;
    this.world = asked.world;
    this.#tell(asked.events);
    return true;
  }

  /** The job is handed over now. */
  add(job: Job, nature: Nature): void {
    this.#natures[job.name] = nature;
    this.world = { ...this.world, jobs: { ...this.world.jobs, [job.name]: job } };
  }

  /** Runs whose processes are there. */
  get alive(): { job: string; run: string }[] {
    return Object.entries(this.#processes).flatMap(([job, { run, exit }]) =>
      exit === null ? [{ job, run }] : [],
    );
  }

  /** Kills a job's process from outside. */
  crash(name: string): void {
    const process = this.#processes[name];
    if (process !== undefined && process.exit === null) process.exit = { known: true, code: 1, signal: null };
  }

  /** One second: jobs work, are seen, and it is decided. `others`: CPU of others, null when unreadable. */
  tick(others: number | null, stopping = false): Decided {
    this.second += this.#around.everySeconds ?? 1;
    const now = at(this.second);
    for (const name of this.#taken.splice(0))
      this.#adopt(this.world.jobs[name] as Job, {
        kind: "launch-failed",
        reason: "taken",
        taken: true,
      });
    for (const name of Object.keys(this.#processes)) this.#work(name);
    for (const job of Object.values(this.world.jobs)) this.#observe(job);
    const windows = windowStates(this.#config.windows, now.wallMs);
    const mode = { stopping, journalHealthy: true };
    const sample = this.#sample(others);
    this.#lastSample = sample;
    const decided = decide(this.world, { sample, windows, config: this.#config, now, mode });
    this.#mustNeverHappen(decided);
    expect(Object.keys(decided.why())).toEqual(Object.keys(decided.world.jobs));
    this.world = decided.world;
    this.last = decided;
    this.#tell(decided.events);
    for (const decision of decided.decisions) {
      const job = decision.job === null ? undefined : this.world.jobs[decision.job];
      if (job === undefined || decision.verb === "notify") continue;
      if (decision.verb === "pause") this.#adopt(job, { kind: "pause", decision });
      else {
        const identity = { id: `${job.name}-${job.runs + 1}`, bootId: "b" };
        this.#adopt(job, {
          kind: "launch",
          decision,
          identity,
          resumeFrom: job.checkpoint,
          gpus: decision.gpus,
        });
      }
    }
    return decided;
  }

  #adopt(job: Job, input: Parameters<typeof step>[1]): void {
    const stepped = step(job, input, at(this.second));
    this.#mustMatch(stepped.job);
    this.world = { ...this.world, jobs: { ...this.world.jobs, [job.name]: stepped.job } };
    this.#tell(stepped.events);
    for (const effect of stepped.effects) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    const { job } = effect;
    const process = this.#processes[job];
    switch (effect.do) {
      case "launch":
        expect(process === undefined || process.exit !== null, `${job} is doubled`).toBe(true);
        if (this.#around.isTaken?.(effect.run.gpus)) {
          this.#taken.push(job);
          return;
        }
        this.launches.push({ job, second: this.second });
        this.#processes[job] = {
          run: effect.run.id,
          startedAt: this.second,
          stopped: false,
          step: effect.run.resumedAtStep ?? 0,
          asked: null,
          sequence: 0,
          exit: null,
        };
        return;
      case "control":
        if (effect.want === "pause" && process !== undefined) {
          const key = `${process.run} ${effect.sequence}`;
          this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
          expect(this.#requests.get(key), `${key} asked once`).toBe(1);
          if (!this.nature(job).deaf)
            Object.assign(process, { asked: this.second, sequence: effect.sequence });
        }
        return;
      case "freeze":
      case "thaw":
        if (process !== undefined) process.stopped = effect.do === "freeze";
        return;
      case "terminate":
      case "kill": {
        if (!this.world.jobs[job]?.cancelling) this.forced.push(job);
        const [code, signal] = effect.do === "kill" ? [137, "SIGKILL"] : [143, "SIGTERM"];
        if (process !== undefined && process.exit === null) process.exit = { known: true, code, signal };
      }
    }
  }

  #work(name: string): void {
    const process = this.#processes[name];
    if (process === undefined || process.exit !== null || process.stopped) return;
    const { load, save, steps = Infinity, diesAt } = this.nature(name);
    if (process.asked !== null) {
      if (this.second - process.asked < save) return;
      const checkpoint = makeCheckpoint(process.step, at(this.second), { verified: "full" });
      this.#saved[name] = [checkpoint, ...(this.#saved[name] ?? [])];
      process.exit = { known: true, code: 75, signal: null };
      return;
    }
    if (this.second - process.startedAt < load) return;
    process.step += 1;
    this.worked[name] = (this.worked[name] ?? 0) + 1;
    if (process.step >= steps) process.exit = { known: true, code: 0, signal: null };
    if (process.step === diesAt && process.run.endsWith("-1"))
      process.exit = { known: true, code: 1, signal: null };
  }

  #observe(job: Job): void {
    const run = runOf(job);
    if (run === null || this.#taken.includes(job.name)) return;
    const process = this.#processes[job.name];
    const mine = process?.run === run.id ? process : undefined;
    const paused = mine?.exit?.known && mine.exit.code === 75;
    const rank = makeRank({
      step: mine?.step ?? null,
      sequence: mine?.sequence ?? 0,
      state: paused ? "paused" : mine?.asked ? "saving" : "running",
    });
    const seen: Seen = {
      pid: mine ? 100 : null,
      startTime: 1,
      alive: mine !== undefined && mine.exit === null,
      exit: mine?.exit ?? null,
      leftovers: [],
      ranks: mine ? [rank] : [],
      checkpoints: (this.#saved[job.name] ?? []).slice(0, 3),
      rejected: [],
      signalCaught: true,
      stopped: mine?.stopped ?? false,
    };
    const gpus = this.#lastSample === null ? null : gpuView(run, this.#lastSample);
    this.#adopt(job, { kind: "seen", seen, availableMiB: 8000, gpus });
  }

  #sample(others: number | null): Sample {
    const now = at(this.second);
    const runs: Sample["runs"] = {};
    for (const [name, process] of Object.entries(this.#processes)) {
      if (process.exit !== null) continue;
      const cpu: Reading = { value: process.stopped ? 0 : this.nature(name).cpu, atMs: now.monotonicMs };
      runs[process.run] = { cpuPercent: cpu, memoryMiB: { value: 500, atMs: now.monotonicMs }, processes: 1 };
    }
    return makeSample(
      now,
      { "cpu.others": others ?? "the read failed", "memory.availableMiB": 8000 },
      { runs, ...this.#around.sample?.() },
    );
  }

  #mustNeverHappen({ decisions, world }: Decided): void {
    const starts = decisions.filter(({ verb }) => verb === "start" || verb === "resume");
    expect(starts.length, "one start at a time").toBeLessThanOrEqual(1);
    expect(new Set(decisions.map(({ job }) => job)).size, "one decision for each job").toBe(decisions.length);
    for (const decision of decisions) {
      const job = decision.job === null ? undefined : world.jobs[decision.job];
      if (job === undefined) continue;
      if (decision.verb === "start" || decision.verb === "resume") {
        expect(job.manual?.want, "a manual pause is never resumed by itself").not.toBe("pause");
        const excused = job.manual?.want === "run" ? job.manual.excused : [];
        for (const [key, rule] of Object.entries(world.rules)) {
          const critical = this.#config.rules.some(
            ({ name, severity }) => name === rule.rule && severity === "critical",
          );
          if (excused.includes(key) && !critical) continue;
          expect(rule.firm, `${key} is clear when ${job.name} goes on`).toBe("clear");
          if (rule.readAtMs !== null)
            expect(rule.unavailable, `${key} can be read when ${job.name} goes on`).toBeNull();
        }
      }
      if (decision.verb === "pause" && decision.cause.rule !== undefined) {
        const rule = world.rules[decision.cause.rule];
        expect(rule, "what can't be read causes no pause").toMatchObject({
          firm: "pressure",
          unavailable: null,
        });
      }
    }
  }

  /** A state holds only the facts that are valid in it. */
  #mustMatch(job: Job): void {
    const { state } = job;
    const said = ["failure", "unsaved", "assumed", ...(state.name === "waiting" ? ["exitCode"] : [])];
    const facts = Object.keys(state)
      .filter((fact) => !said.includes(fact))
      .sort()
      .join(" ");
    const may = said.filter((fact) => fact in state).map((fact) => `${state.name} ${fact}`);
    expect(["waiting failure", "waiting exitCode", "paused unsaved", "finished assumed"]).toEqual(
      expect.arrayContaining(may),
    );
    expect(facts, `${job.name} ${state.name}`).toBe(FACTS[state.name]);
  }
}

const FACTS: Record<Job["state"]["name"], string> = {
  waiting: "name since",
  starting: "name run since",
  serving: "name run since",
  absent: "name since why",
  running: "name run since",
  pausing: "name request run since",
  paused: "cause checkpoint name since",
  standby: "cause name run sequence since",
  frozen: "cause name run since",
  lost: "name rebooted run since was",
  finished: "name since",
  failed: "exitCode name reason since",
  cancelled: "name since",
};
