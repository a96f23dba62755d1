/**
 * Which jobs exist: those of the config and those added by hand, with what is known of each.
 * Never loses a job that may still have processes, even when the config no longer names it.
 */
import type { JobSpec } from "../config/schema/job-schema.ts";
import type { Config } from "../config/schema/schema.ts";
import type { Actor } from "../model/actor.ts";
import type { NewEvent } from "../model/event.ts";
import { isSameCommand, isService, type Job } from "../model/job.ts";
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
    state: spec.service
      ? { name: "absent", since: now, why: "it hasn't been looked for yet" }
      : { name: "waiting", since: now },
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
    // A service at work goes on without us; one that was put to rest is woken first.
    if (name === "serving" || name === "absent") continue;
    if (isLive(name) || (job.origin === "run" && (!isEnded(name) || fresh))) jobs[job.name] = job;
  }
  const byName = new Map(known.map((job) => [job.name, job]));
  for (const spec of config.jobs) {
    const old = byName.get(spec.name);
    const isIts = old && !(old.origin === "run" && isEnded(old.state.name));
    jobs[spec.name] = isIts ? ofSpec(old, spec, now) : newJob(spec, "config", now);
  }
  return jobs;
}

/** A service and a job of one name are two things; but what we have begun has to end first. */
function ofSpec(old: Job, spec: JobSpec, now: Now): Job {
  if (isService(old) === isService({ spec })) return withSpec(old, spec);
  return isLive(old.state.name) && !isService(old) ? old : newJob(spec, "config", now);
}

/** What was learned of another command says nothing of this one. */
function withSpec(job: Job, spec: JobSpec): Job {
  const same = isSameCommand(job.spec.command, spec.command);
  return { ...job, spec, origin: "config", ...(!same && { learned: {} }) };
}

export interface Removal {
  jobs: string[];
  by: string;
}

interface Removed {
  jobs: Record<string, Job>;
  removed: string[];
  events: NewEvent[];
  /** One sentence for each job that stays. */
  errors: string[];
}

/** Jobs without a run that were added by hand are no more. What they have saved isn't touched. */
export function removeJobs(known: Record<string, Job>, { jobs: names, by }: Removal): Removed {
  const jobs = { ...known };
  const [removed, errors]: [string[], string[]] = [[], []];
  for (const name of new Set(names)) {
    const job = known[name];
    const error = job === undefined ? `There is no job '${name}'.` : staysBecause(job);
    if (error !== null) {
      errors.push(error);
      continue;
    }
    delete jobs[name];
    removed.push(name);
  }
  const events = removed.map((job) => removedEvent(job, "user", `${by} removed it from the list.`));
  return { jobs, removed, events, errors };
}

function staysBecause({ name, state, origin }: Job): string | null {
  if (isLive(state.name)) return `'${name}' is ${state.name}; end it first: supervisor cancel ${name}`;
  if (origin === "config") return `'${name}' is a job of the config; take it out there, and it is no more.`;
  return null;
}

/** What becomes of jobs that the config no longer names. */
export function droppedEvents(
  before: Record<string, Job>,
  after: Record<string, Job>,
  config: Pick<Config, "jobs">,
): NewEvent[] {
  const named = new Set(config.jobs.map(({ name }) => name));
  return Object.values(before)
    .filter(({ name, origin }) => origin === "config" && !named.has(name))
    .map(({ name, state }) =>
      removedEvent(
        name,
        "supervisor",
        state.name === "serving" || state.name === "absent"
          ? "The config no longer names it. It isn't asked for anything any more."
          : name in after
            ? `The config no longer names it. It is ${state.name}, and its run goes on until it ends; to end it now: supervisor cancel ${name}`
            : `The config no longer names it. It was ${state.name}, and isn't run again; what it has saved stays where it is.`,
      ),
    );
}

const removedEvent = (job: string, actor: Actor, reason: string): NewEvent => ({
  kind: "job.removed",
  job,
  run: null,
  actor,
  reason,
});
