/**
 * Which jobs exist: those of the config and those added by hand, with what is known of each.
 * Never loses a job that may still have processes, even when the config no longer names it.
 */
import type { JobSpec } from "../config/schema/job-schema.ts";
import type { Config } from "../config/schema/schema.ts";
import { isSameCommand, type Job } from "../model/job.ts";
import { isEnded, isLive } from "../model/state.ts";
import type { Now } from "../model/time.ts";

/** How long ended jobs that were added by hand stay listed, so that people can see their outcome. */
const KEEP_ENDED_MS = 24 * 3600_000;

/** A job that has never run. */
export function newJob(spec: JobSpec, origin: Job["origin"], now: Now): Job {
  return {
    name: spec.name,
    spec,
    origin,
    state: { name: "waiting", since: now },
    runs: 0,
    progress: null,
    checkpoint: null,
    manual: null,
    learned: {},
    balance: { backoff: {}, productiveMs: 0, overheadMs: 0 },
    understands: null,
    attempts: { failures: 0, fruitless: 0, notBeforeMs: 0 },
    misattributed: [],
  };
}

/** Each goes on from whatever checkpoints are where its own belong. */
export const adopting = (jobs: Record<string, Job>): Record<string, Job> =>
  Object.fromEntries(
    Object.entries(jobs).map(([name, job]) => [name, { ...job, earlier: "adopt" as const }]),
  );

/**
 * The jobs of `config`, each with what `known` holds of it. A known job that the config dropped stays
 * while it may have processes; a changed spec applies to pauses at once, to the command at the next run. What ended after
 * `supervisor run` was another job of that name.
 */
export function roster(config: Config, known: Job[], now: Now): Record<string, Job> {
  const jobs: Record<string, Job> = {};
  const configured = new Set(config.jobs.map((spec) => spec.name));
  for (const job of known) {
    if (configured.has(job.name)) continue;
    const fresh = now.wallMs - job.state.since.wallMs < KEEP_ENDED_MS;
    const { name } = job.state;
    if (isLive(name) || (job.origin === "run" && (!isEnded(name) || fresh))) jobs[job.name] = job;
  }
  const byName = new Map(known.map((job) => [job.name, job]));
  for (const spec of config.jobs) {
    const old = byName.get(spec.name);
    const isIts = old && !(old.origin === "run" && isEnded(old.state.name));
    jobs[spec.name] = isIts ? withSpec(old, spec) : newJob(spec, "config", now);
  }
  return jobs;
}

/** What was learned of another command says nothing of this one. */
function withSpec(job: Job, spec: JobSpec): Job {
  const same = isSameCommand(job.spec.command, spec.command);
  return { ...job, spec, origin: "config", ...(!same && { learned: {} }) };
}
