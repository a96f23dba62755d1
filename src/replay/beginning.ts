/** The jobs with which a replay begins, each as it stood then, and those that come later. */
import type { Config } from "../config/schema/schema.ts";
import type { Job } from "../model/job.ts";
import type { Now } from "../model/time.ts";
import type { History } from "./history/history.ts";
import { ModelJob } from "./models/model-job.ts";
import { habitsOf, jobAt, type PastJob, pastJob } from "./models/past-jobs.ts";

/** A job that was submitted while the history was recorded. Wall ms. */
export interface Submitted {
  atMs: number;
  job: (now: Now) => Job;
}

interface Beginning {
  jobs: Record<string, Job>;
  submitted: Submitted[];
  models: ReadonlyMap<string, ModelJob>;
  /** Jobs whose cost of pausing had to be assumed. */
  assumed: string[];
}

/** The config's jobs and those that had been submitted. */
export function beginning(config: Config, history: History, now: Now): Beginning {
  const jobs: Record<string, Job> = {};
  const submitted: Submitted[] = [];
  const models = new Map<string, ModelJob>();
  const assumed: string[] = [];
  const modelled = (name: string): PastJob => {
    const past = pastJob(name, history);
    const habits = habitsOf(past, history.span.fromMs);
    if (habits.costs.areAssumed) assumed.push(name);
    models.set(name, new ModelJob(habits, now));
    return past;
  };
  // Nothing recorded tells what a service would have done.
  for (const spec of config.jobs.filter(({ service }) => !service))
    jobs[spec.name] = jobAt(modelled(spec.name), spec, "config", now);
  for (const { name, spec, origin } of history.jobs) {
    if (origin !== "run" || jobs[name] !== undefined) continue;
    const past = modelled(name);
    if (past.existsMs > now.wallMs)
      submitted.push({ atMs: past.existsMs, job: (at) => jobAt(past, spec, "run", at) });
    else jobs[name] = jobAt(past, spec, "run", now);
  }
  return { jobs, submitted, models, assumed };
}
