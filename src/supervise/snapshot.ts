/** From a moment of the supervisor to what clients draw. Computes only; made while somebody watches. */
import { hostname } from "node:os";
import type { Config } from "../config/schema/schema.ts";
import { type JobView, SCHEMA_VERSION, type Snapshot } from "../control/protocol.ts";
import { logPath } from "../files/state-paths.ts";
import type { Why, WindowState } from "../model/decision.ts";
import type { AuditEvent } from "../model/event.ts";
import type { Job } from "../model/job.ts";
import { type PauseMethod, runOf } from "../model/state.ts";
import type { Moment } from "../tick/supervisor.ts";
import { worded } from "../words/why.ts";

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
}

export function snapshot(moment: Moment, about: About): Snapshot {
  const { sample, world, why, now } = moment;
  const rules = new Map(about.config.rules.map((rule) => [rule.name, rule]));
  return {
    schemaVersion: SCHEMA_VERSION,
    atMs: now.wallMs,
    supervisor: {
      pid: process.pid,
      version: about.version,
      startedAtMs: about.startedAtMs,
      host: hostname(),
      configFile: about.config.file,
      database: about.config.database,
      pollSeconds: about.config.pollSeconds,
      stopping: about.stopping,
      warnings: about.warnings,
    },
    machine: sample.machine,
    gpus: sample.gpus,
    gpusUnavailable: sample.gpusUnavailable,
    foreign: sample.foreign,
    rules: Object.values(world.rules).flatMap(({ rule, ...state }) => {
      const known = rules.get(rule);
      return known ? [{ ...state, rule: known }] : [];
    }),
    windows: about.windows,
    jobs: Object.values(world.jobs).map((job) => jobView(job, moment, about)),
    events: about.events,
  };

  function jobView(job: Job, { sample }: Moment, { pace, config }: About): JobView {
    const run = runOf(job);
    const { state } = job;
    return {
      name: job.name,
      state: state.name,
      sinceMs: state.since.wallMs,
      priority: job.spec.priority,
      origin: job.origin,
      command: job.spec.command,
      run: run?.number ?? (job.runs > 0 ? job.runs : null),
      runId: run?.id ?? null,
      pid: run?.pid ?? null,
      gpus: sample.gpus.flatMap(({ uuid, index }) => (run?.gpus.includes(uuid) ? [index] : [])),
      method: method(job),
      progress: job.progress,
      checkpoint: job.checkpoint,
      use: run ? (sample.runs[run.id] ?? null) : null,
      stepsPerSecond: run ? pace(job) : null,
      pausedBy:
        "cause" in state ? state.cause.reason : state.name === "pausing" ? state.request.cause.reason : null,
      overdue: state.name === "pausing" ? state.request.overdue : null,
      stalledSinceMs: job.progress?.stalledSinceMs ?? null,
      manual: job.manual,
      learned: job.learned,
      balance: job.balance,
      why: worded(why[job.name] ?? unjudged(job), now.wallMs),
      logPath: logPath(config.stateDirectory, job.name),
    };
  }
}

/** A job that came after the last tick. */
const unjudged = ({ name, state }: Job): Why => ({
  job: name,
  state: state.name,
  sinceMs: state.since.wallMs,
  waitingFor: [],
  next: null,
});

function method(job: Job): PauseMethod | "auto" {
  if (job.spec.pause.method !== "auto") return job.spec.pause.method;
  if (job.understands === null) return "auto";
  return job.understands === "nothing" ? "freeze" : "checkpoint";
}
