/** Turns a moment of the supervisor into what clients draw. Only computes; runs while a client watches. */
import { hostname } from "node:os";
import type { Config } from "../config/schema/schema.ts";
import { type JobView, type RuleView, SCHEMA_VERSION, type Snapshot } from "../control/protocol.ts";
import { unsavedMs, workedMs } from "../decide/worked.ts";
import { logPath } from "../files/state-paths.ts";
import type { WindowState } from "../model/decision.ts";
import type { AuditEvent } from "../model/event.ts";
import { type Job, savesBy } from "../model/job.ts";
import { learnedSummary } from "../model/learned.ts";
import { endingBecause, type JobState, type PauseMethod, runOf } from "../model/state.ts";
import type { Now } from "../model/time.ts";
import type { Copying, Why } from "../model/why.ts";
import type { Moment } from "../tick/supervisor.ts";
import { worded } from "../words/sentences/why/why.ts";

export interface About {
  config: Config;
  version: string;
  startedAtMs: number;
  stopping: boolean;
  warnings: string[];
  windows: WindowState[];
  events: AuditEvent[];
  /** Steps per second of a job, null until known. */
  pace: (job: Job) => number | null;
  /** How far the copy of its checkpoint is. */
  copying: (job: string) => Copying | null;
}

export function snapshot(moment: Moment, about: About): Snapshot {
  const { sample, world, now } = moment;
  return {
    schemaVersion: SCHEMA_VERSION,
    atMs: now.wallMs,
    supervisor: supervisorView(about),
    machine: sample.machine,
    gpus: sample.gpus,
    gpusUnavailable: sample.gpusUnavailable,
    foreign: sample.foreign,
    rules: ruleViews(moment, about.config),
    windows: about.windows,
    jobs: Object.values(world.jobs).map((job) => jobView(job, moment, about)),
    events: about.events,
  };
}

function supervisorView({ config, version, startedAtMs, stopping, warnings }: About): Snapshot["supervisor"] {
  const { file: configFile, database, pollSeconds } = config;
  const [pid, host] = [process.pid, hostname()];
  return { pid, version, startedAtMs, host, configFile, database, pollSeconds, stopping, warnings };
}

/** Leaves out rules that the config no longer has. */
function ruleViews({ world }: Moment, config: Config): RuleView[] {
  const rules = new Map(config.rules.map((rule) => [rule.name, rule]));
  return Object.values(world.rules).flatMap(({ rule, ...state }) => {
    const known = rules.get(rule);
    return known ? [{ ...state, rule: known }] : [];
  });
}

function jobView(job: Job, moment: Moment, about: About): JobView {
  const { name, state, spec, origin, progress, checkpoint, manual, learned, balance } = job;
  return {
    name,
    state: state.name,
    sinceMs: state.since.wallMs,
    priority: spec.priority,
    origin,
    command: spec.command,
    ...(!spec.service && spec.cwd !== undefined && { folder: spec.cwd }),
    ...(spec.service && { service: spec.pause.calls?.url ?? "" }),
    ...runView(job, moment, about),
    method: methodOf(job),
    progress,
    checkpoint,
    unsavedMs: unsavedMs(job, moment.now),
    pausedBy: pausedBy(state),
    overdue: overdueOf(state, moment.now),
    stalledSinceMs: progress?.stalledSinceMs ?? null,
    manual,
    learned: learnedSummary(learned),
    // With the work of the run that goes on, which is noted once it stops.
    balance: { ...balance, productiveMs: balance.productiveMs + workedMs(job, moment.now) },
    why: worded(whyOf(job, moment, about), moment.now.wallMs),
    logPath: logPath(about.config.stateDirectory, name),
    exitCode: exitCodeIn(state),
  };
}

/** A program that is ended early for another reason isn't late. */
function overdueOf(state: JobState, now: Now): string | null {
  if (state.name !== "pausing" || endingBecause(state.request, now) !== null) return null;
  return state.request.overdue;
}

type RunView = Pick<
  JobView,
  "run" | "runId" | "pid" | "slurm" | "gpus" | "stepped" | "resumedAtStep" | "use" | "stepsPerSecond"
>;

function runView(job: Job, { sample }: Moment, { pace }: About): RunView {
  const run = runOf(job);
  if (!run)
    return {
      run: job.runs > 0 ? job.runs : null,
      runId: null,
      pid: null,
      slurm: null,
      gpus: [],
      stepped: false,
      resumedAtStep: null,
      use: null,
      stepsPerSecond: null,
    };
  return {
    run: run.number,
    runId: run.id,
    pid: run.pid,
    slurm: run.slurm ?? null,
    gpus: sample.gpus.flatMap(({ uuid, index }) => (run.gpus.includes(uuid) ? [index] : [])),
    stepped: run.firstStepAt !== undefined,
    resumedAtStep: run.resumedAtStep,
    use: sample.runs[run.id] ?? null,
    stepsPerSecond: pace(job),
  };
}

function whyOf(job: Job, moment: Moment, about: About): Why {
  const copying = about.copying(job.name);
  return { ...(moment.why()[job.name] ?? unjudged(job)), ...(copying && { copying }) };
}

/** A job that came after the last tick. */
const unjudged = ({ name, state }: Job): Why => ({
  job: name,
  state: state.name,
  sinceMs: state.since.wallMs,
  waitingFor: [],
  next: null,
});

function exitCodeIn(state: JobState): number | null {
  if (state.name === "finished") return 0;
  return state.name === "failed" || state.name === "waiting" ? (state.exitCode ?? null) : null;
}

function pausedBy(state: JobState): string | null {
  if ("cause" in state) return state.cause.reason;
  return state.name === "pausing" ? state.request.cause.reason : null;
}

/** `auto`: nothing was seen of it yet. */
function methodOf(job: Job): PauseMethod | "auto" {
  const { method } = job.spec.pause;
  if (method !== "auto") return method;
  if (savesBy(job) !== null) return "checkpoint";
  return job.understands === null ? "auto" : "freeze";
}
