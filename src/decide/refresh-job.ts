/** What the policy keeps of a job from tick to tick: drops expired wishes, and what is over. */

import type { Job } from "../model/job.ts";
import { isWorking, runOf } from "../model/state.ts";
import { holds } from "./rules/dwell.ts";
import type { TickInput } from "./tick-input.ts";

/** Returns the same job when nothing has changed. */
export function refreshJob(job: Job, input: TickInput): Job {
  return dropWhatIsOver(expireManual(job, input));
}

/**
 * A turn that has begun ends with its run, unless that had nothing of it (`keepTurn`); a shortage ends once the job
 * works again.
 */
function dropWhatIsOver(job: Job): Job {
  const run = runOf(job);
  const over = job.turn?.untilMs !== undefined && run === null;
  const works = job.gpuShortage !== undefined && run?.firstStepAt !== undefined;
  if (!over && !works) return job;
  const next = { ...job };
  if (over) delete next.turn;
  if (works) delete next.gpuShortage;
  return next;
}

/** A manual wish ends when its time is up, or once it has been granted and nothing is excused any more. */
function expireManual(job: Job, { now, rules }: TickInput): Job {
  const { manual } = job;
  if (manual === null) return job;
  if (manual.want === "pause")
    return manual.untilMs !== null && now.wallMs >= manual.untilMs ? { ...job, manual: null } : job;
  const excused = manual.excused.filter((key) => {
    const rule = rules.find((one) => one.key === key);
    return rule !== undefined && holds(rule.state);
  });
  const { name } = job.state;
  const honoured = manual.honoured === true || isWorking(name);
  const over = manual.windowUntilMs !== null && now.wallMs >= manual.windowUntilMs;
  const windowUntilMs = over ? null : manual.windowUntilMs;
  if (honoured && excused.length === 0 && windowUntilMs === null) return { ...job, manual: null };
  const same = excused.length === manual.excused.length && windowUntilMs === manual.windowUntilMs;
  if (same && honoured === (manual.honoured === true)) return job;
  return { ...job, manual: { ...manual, excused, windowUntilMs, honoured } };
}
