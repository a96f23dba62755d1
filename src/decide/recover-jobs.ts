/**
 * Takes over the jobs that an earlier supervisor left: those that were live are `lost` until the first
 * look at their processes decides; after a reboot none of them can be alive. Never assumes that a job
 * has ended, nor that it hasn't.
 */

import type { Effect } from "../model/effect.ts";
import type { NewEvent } from "../model/event.ts";
import type { Job } from "../model/job.ts";
import { runOf } from "../model/state.ts";
import type { Now } from "../model/time.ts";
import { clockTime } from "../words/time.ts";
import { endsWithBoot } from "./lifecycle/recover.ts";
import { step } from "./lifecycle/step.ts";

/**
 * When our last run on each GPU began, in ticks since boot, as far as jobs without a run show it: processes
 * that came after it stay newcomers, even if nothing watched for a while.
 */
export function arrivals(jobs: Record<string, Job>, bootId: string): Map<string, number> {
  const latest = new Map<string, number>();
  for (const { visited } of Object.values(jobs)) {
    if (visited?.bootId !== bootId) continue;
    for (const gpu of visited.gpus) latest.set(gpu, Math.max(visited.startTime, latest.get(gpu) ?? 0));
  }
  return latest;
}

export interface Recovery {
  jobs: Record<string, Job>;
  events: NewEvent[];
  effects: Effect[];
  /** Jobs that the config names no longer, to be saved as told. */
  dropped?: Job[];
}

export function recoverJobs(known: Record<string, Job>, bootId: string, now: Now): Recovery {
  const jobs: Recovery["jobs"] = {};
  const events: NewEvent[] = [];
  const effects: Effect[] = [];
  for (const job of Object.values(known)) {
    const stepped = step(job, { kind: "recovered", bootId }, now);
    jobs[job.name] = stepped.job;
    events.push(...stepped.events);
    effects.push(...stepped.effects);
  }
  // Comes first, since it is the reason for the rest.
  events.unshift(...rebooted(Object.values(known), bootId, now));
  const live = Object.values(jobs)
    .filter((job) => runOf(job))
    .map((job) => job.name);
  if (live.length > 0) {
    events.push({
      kind: "supervisor.recovered",
      job: null,
      run: null,
      actor: "recovery",
      reason: `An earlier supervisor left ${live.join(", ")}; this one is checking what became of ${live.length === 1 ? "it" : "them"}.`,
    });
  }
  return { jobs, events, effects };
}

/** A reboot shows in runs that were live in an earlier boot. */
function rebooted(known: Job[], bootId: string, now: Now): NewEvent[] {
  const ended = known.flatMap((job) => {
    const run = runOf(job);
    return run === null || run.bootId === bootId || !endsWithBoot(run)
      ? []
      : [`${job.name} (run ${run.number})`];
  });
  if (ended.length === 0) return [];
  const bootedMs = now.wallMs - now.monotonicMs;
  return [
    {
      kind: "machine.rebooted",
      job: null,
      run: null,
      actor: "recovery",
      reason: `The machine rebooted at ${clockTime(bootedMs, now.wallMs)}, not by the supervisor: ${ended.join(", ")} ended with it.`,
      evidence: { bootId },
    },
  ];
}
