/** How many jobs that ask for no GPU run side by side: the CPU has no line that would keep them apart. */

import { isOnSlurm, isService, isWanted, type Job } from "../../model/job.ts";
import { isSuspended, runOf } from "../../model/state.ts";
import type { WaitingFor } from "../../model/why.ts";
import { list } from "../../words/list.ts";
import type { TickInput } from "../tick-input.ts";

const asksForGpu = ({ spec: { gpus, gpuIds } }: Job): boolean => (gpus ?? gpuIds?.length ?? 0) > 0;

const counts = (job: Job): boolean => !asksForGpu(job) && !isOnSlurm(job) && !isService(job);

/** A job that is held makes room; one that is still pausing doesn't. A person's resume doesn't wait. */
export function parallelWait(job: Job, { jobs, config: { maxParallel } }: TickInput): WaitingFor | null {
  if (maxParallel === undefined || !counts(job) || isWanted(job)) return null;
  const busy = Object.values(jobs).filter(
    (one) => one.name !== job.name && counts(one) && runOf(one) !== null && !isSuspended(one.state.name),
  );
  if (busy.length < maxParallel) return null;
  const names = list(busy.map(({ name }) => `'${name}'`));
  return {
    code: "parallel",
    text: `'maxParallel' is ${maxParallel}, and that many jobs are running: ${names}`,
  };
}
