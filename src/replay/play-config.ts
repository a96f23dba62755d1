/**
 * One config played over history: a real supervisor, tick for tick, on a virtual clock, with recorded samples
 * for its sensors and models for its jobs. Starts no process and writes nothing.
 */
import type { Config } from "../config/schema/schema.ts";
import type { Job } from "../model/job.ts";
import type { Run } from "../model/run.ts";
import type { Now } from "../model/time.ts";
import type { Stretch } from "../report/energy/prices.ts";
import { type Moment, Supervisor } from "../tick/supervisor.ts";
import { beginning, type Submitted } from "./beginning.ts";
import { decisionsOf } from "./decisions.ts";
import { type Figures, type ReplayedDecision, Tally } from "./figures.ts";
import type { History, PastEvent } from "./history/history.ts";
import { quietUntil } from "./history/quiet.ts";
import { type Ours, type Past, virtualSample } from "./history/virtual-sample.ts";
import type { ModelJob } from "./models/model-job.ts";
import { ModelRuns } from "./models/model-runs.ts";
import { pastJob, wasAtWork } from "./models/past-jobs.ts";

const BOOT = "replay";

export interface Rerunnable {
  name: string;
  config: Config;
  /** Whose rules tell what pressure is, for all configs alike. */
  yardstick: Config;
  /** Of electricity, for all configs alike; left out where there is no tariff. */
  prices?: readonly Stretch[];
}

export class Rerun {
  readonly name: string;
  /** Jobs whose cost of pausing had to be assumed. */
  readonly assumed: string[];
  readonly #config: Config;
  readonly #supervisor: Supervisor;
  readonly #runs: ModelRuns;
  readonly #models: ReadonlyMap<string, ModelJob>;
  readonly #tally: Tally;
  readonly #isPriced: boolean;
  readonly #decisions: ReplayedDecision[] = [];
  /** What people asked for, oldest first. */
  readonly #requests: PastEvent[];
  #submitted: Submitted[];
  #now: Now;
  #past: Past | null = null;
  /** Jobs with processes after the last tick. */
  #wereLive: ReadonlySet<string> = new Set();
  #before: Moment | null = null;
  #runIds = 0;
  #poll: number;

  /** `now`: the first moment of the replay; `bootMs`: what the recorded machine's monotonic clock shows then. */
  constructor({ name, config, yardstick, prices }: Rerunnable, history: History, now: Now, bootMs: number) {
    this.name = name;
    this.#config = config;
    this.#poll = config.pollSeconds;
    this.#now = now;
    this.#tally = new Tally(yardstick, history.span, prices);
    this.#isPriced = prices !== undefined;
    const { jobs, models, submitted, assumed } = beginning(config, history, now);
    this.assumed = assumed;
    this.#models = models;
    this.#submitted = submitted;
    this.#runs = new ModelRuns(models);
    this.#requests = history.events.filter(({ atMs, actor, kind }) => {
      const asked = kind === "pause.requested" || kind === "resume.requested" || kind === "job.cancelled";
      return actor === "user" && asked && atMs >= now.wallMs;
    });
    this.#supervisor = new Supervisor(
      {
        clock: { now: () => this.#now },
        sensors: { sample: () => this.#sample(), guard() {}, async close() {} },
        runs: this.#runs,
        journal: decisionsOf(this.#decisions),
        identity: { bootId: BOOT, newRunId: () => this.#runId() },
        wake() {},
      },
      config,
      { jobs, events: [], effects: [] },
    );
    this.#runs.advance(jobs, now, bootMs);
    this.#takeBack(jobs, history);
  }

  /** Ms between two ticks. */
  get pollMs(): number {
    return this.#config.pollSeconds * 1000;
  }

  /** One tick at `now`. `bootMs`: what the recorded machine's monotonic clock shows then. */
  async tick(past: Past, now: Now, bootMs: number): Promise<void> {
    const last = this.#supervisor.moment;
    if (last !== null)
      this.#tally.add(last, now.monotonicMs - last.now.monotonicMs, (job) => this.#wereLive.has(job));
    this.#before = last;
    this.#past = past;
    this.#now = now;
    this.#runs.advance(this.#supervisor.world.jobs, now, bootMs);
    this.#submit();
    this.#ask();
    this.#supervisor.tick();
    this.#wereLive = new Set([...this.#models].flatMap(([name, model]) => (model.isLive ? [name] : [])));
    if (this.#runs.performed === 0) return;
    this.#runs.performed = 0;
    await this.#supervisor.idle();
  }

  /** Until when no tick can change anything while the readings stay; monotonic. */
  quietUntil(): number {
    const { moment } = this.#supervisor;
    if (moment === null) return this.#now.monotonicMs;
    const config = { ...this.#config, pollSeconds: this.#poll };
    return quietUntil(moment, this.#before, config, this.#models);
  }

  /** Each reading stands for so long from now on: of thinned history one for the whole minute. */
  pace(seconds: number): void {
    const poll = Math.max(seconds, this.#config.pollSeconds);
    if (poll === this.#poll) return;
    this.#poll = poll;
    const reason = "The history has another pace from here on.";
    this.#supervisor.reconfigure(
      { ...this.#config, pollSeconds: poll },
      { kind: "config.changed", job: null, run: null, actor: "supervisor", reason },
    );
  }

  figures(): Figures {
    const of = (kind: string): number => this.#decisions.filter((one) => one.kind === kind).length;
    const { pressureMs, energyKnownMs, energyWh, energyUnknownMs, bill, course, inState, finishedAt } =
      this.#tally;
    return {
      config: this.name,
      pauses: of("pause.requested"),
      resumes: of("resume.requested"),
      starts: of("job.started"),
      pressureMs,
      energyWh: energyKnownMs === 0 ? null : energyWh,
      energyUnknownMs,
      bill: this.#isPriced && energyKnownMs > 0 ? bill : null,
      course: course.figures(),
      jobs: [...this.#models].map(([name, { spent }]) => ({
        name,
        ...spent,
        inState: inState.get(name) ?? {},
        finishedAtMs: finishedAt.get(name) ?? null,
      })),
      decisions: this.#decisions,
    };
  }

  /** Rules that never had a reading to go by, and so could never act. */
  blind(): Config["rules"] {
    const states = Object.values(this.#supervisor.world.rules);
    return this.#config.rules.filter(({ name, action }) => {
      const own = states.filter(({ rule }) => rule === name);
      return action !== "notify" && own.every(({ lastValue }) => lastValue === null);
    });
  }

  #runId(): string {
    this.#runIds += 1;
    return `replay-${this.#runIds}`;
  }

  /** Jobs that were at work go on in a run of their own, as after a crash of the supervisor. */
  #takeBack(jobs: Record<string, Job>, history: History): void {
    const { fromMs } = history.span;
    for (const { name, runs } of Object.values(jobs)) {
      if (!wasAtWork(pastJob(name, history), fromMs)) continue;
      const last = history.runs.findLast((one) => one.job === name && one.startedMs < fromMs);
      const run: Run = {
        id: this.#runId(),
        number: Math.max(1, runs),
        startedAt: this.#now,
        pid: null,
        startTime: null,
        bootId: BOOT,
        resumedFrom: null,
        resumedAtStep: 0,
        gpus: last?.gpus ?? [],
        sequence: 0,
        firstStepAt: this.#now,
      };
      this.#supervisor.takeBack(name, run);
      this.#runs.adopt(name, run);
    }
  }

  #sample() {
    const past = this.#past;
    if (past === null) throw new Error("a replay is shown a sample before it ticks");
    const ours: Ours[] = [];
    for (const { name, state, spec } of Object.values(this.#supervisor.world.jobs)) {
      const model = this.#models.get(name);
      if (!("run" in state) || !model?.isLive) continue;
      // What was moved into host memory is on no GPU.
      const run = model.isMoved ? { ...state.run, gpus: [] } : state.run;
      ours.push({
        job: name,
        run,
        active: model.isActive,
        command: spec.command[0] ?? "",
        since: model.began,
      });
    }
    return virtualSample(past, ours, this.#now);
  }

  #submit(): void {
    const due = this.#submitted.filter(({ atMs }) => atMs <= this.#now.wallMs);
    if (due.length === 0) return;
    this.#submitted = this.#submitted.filter(({ atMs }) => atMs > this.#now.wallMs);
    for (const { job } of due) this.#supervisor.add(job(this.#now));
  }

  /** What people asked for at the time, they ask for again. */
  #ask(): void {
    for (;;) {
      const next = this.#requests[0];
      if (next === undefined || next.atMs > this.#now.wallMs) return;
      this.#requests.shift();
      if (next.job === null || this.#supervisor.world.jobs[next.job] === undefined) continue;
      const asked = { jobs: [next.job], by: "a person, as recorded" };
      if (next.kind === "pause.requested")
        this.#supervisor.request({ verb: "pause", untilMs: null, ...asked });
      else this.#supervisor.request({ verb: next.kind === "job.cancelled" ? "cancel" : "resume", ...asked });
    }
  }
}
