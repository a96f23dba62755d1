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
import { list } from "../words/list.ts";
import { followerOf, orderProblem } from "./starts/beginning.ts";

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
    const stays = !isEnded(name) || fresh || followerOf(job.name, known) !== null;
    // A service at work goes on without us; one that was put to rest is woken first.
    if (name === "serving" || name === "absent") continue;
    if (isLive(name) || (job.origin === "run" && stays)) jobs[job.name] = job;
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
function withSpec({ dropped: _, ...job }: Job, spec: JobSpec): Job {
  const same = isSameCommand(job.spec.command, spec.command);
  return { ...job, spec, origin: "config", ...(!same && { learned: {} }) };
}

/** New settings of a job that was added by hand, or a sentence that says why it can't have them. */
export function edited(
  known: Record<string, Job>,
  spec: JobSpec,
  by: string,
): { job: Job; event: NewEvent } | { error: string } {
  const job = known[spec.name];
  if (job === undefined) return { error: `There is no job '${spec.name}'.` };
  if (job.origin !== "run") return { error: `'${spec.name}' is a job of the config; change it there.` };
  const problem = orderProblem(spec, known);
  if (problem !== null) return { error: problem };
  const before = job.spec as Record<string, unknown>;
  const names = Object.entries({ ...before, ...spec } as Record<string, unknown>)
    .filter(([key]) => JSON.stringify(before[key]) !== JSON.stringify((spec as Record<string, unknown>)[key]))
    .map(([key]) => key);
  const reason = `${by} changed its settings (${list(names)}).`;
  const event: NewEvent = { kind: "config.changed", job: job.name, run: null, actor: "user", reason };
  return { job: { ...withSpec(job, spec), origin: "run" }, event };
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
    const error = job === undefined ? `There is no job '${name}'.` : staysBecause(job, jobs);
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

function staysBecause({ name, state, origin }: Job, jobs: Record<string, Job>): string | null {
  if (isLive(state.name)) return `'${name}' is ${state.name}; end it first: supervisor cancel ${name}`;
  if (origin === "config") return `'${name}' comes from the config; remove it there.`;
  const follower = followerOf(name, Object.values(jobs));
  if (follower !== null)
    return `'${follower}' starts only after '${name}'; it stays until then. To start that now: supervisor resume ${follower}`;
  return null;
}

/** Jobs that the config names no longer, each marked as such, so that what becomes of it is told once. */
export function dropped(
  known: readonly Job[],
  after: Readonly<Record<string, Job>>,
  config: Pick<Config, "jobs">,
): { jobs: Job[]; events: NewEvent[] } {
  const named = new Set(config.jobs.map(({ name }) => name));
  const gone = known.filter(
    (job) => job.origin === "config" && !named.has(job.name) && job.dropped === undefined,
  );
  const before = new Set(known.map(({ name }) => name));
  const added = Object.values(after).filter(({ name }) => !before.has(name));
  const events = gone.map((job) =>
    removedEvent(
      job.name,
      "supervisor",
      `The config no longer names it. ${renamed(job, added)}${becomes(job, job.name in after)}`,
    ),
  );
  return { jobs: gone.map((job): Job => ({ ...job, dropped: true })), events };
}

function becomes({ name, state }: Job, stays: boolean): string {
  if (state.name === "serving" || state.name === "absent") return "It isn't asked for anything any more.";
  return stays
    ? `It is ${state.name}, and its run goes on until it ends; to end it now: supervisor cancel ${name}`
    : `It was ${state.name}, and isn't run again; what it has saved stays where it is.`;
}

/** Whoever gives a job another name in the file may not know that this makes another job of it. */
function renamed({ name, spec, state, checkpoint }: Job, added: Job[]): string {
  if (isService({ spec }) || (!isLive(state.name) && checkpoint === null)) return "";
  const other = added.find(
    (job) => job.spec.cwd === spec.cwd && isSameCommand(job.spec.command, spec.command),
  );
  if (other === undefined) return "";
  return `'${other.name}', a new job, has its command and folder, but doesn't go on from its checkpoints: if that is the same job under another name, call it '${name}' again. `;
}

/** With the marks of those that stay. */
export const withDropped = (
  jobs: Readonly<Record<string, Job>>,
  marked: readonly Job[],
): Record<string, Job> => ({
  ...jobs,
  ...Object.fromEntries(marked.filter(({ name }) => name in jobs).map((job) => [job.name, job])),
});

const removedEvent = (job: string, actor: Actor, reason: string): NewEvent => ({
  kind: "job.removed",
  job,
  run: null,
  actor,
  reason,
});
