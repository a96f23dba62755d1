/** What is said of a job's run, whatever state the job is in: what is left of it, what it is asked, where its VRAM moves. */
import type { Job } from "../../model/job.ts";
import { runOf } from "../../model/state.ts";
import type { Why } from "../../model/why.ts";

export function leftOf(job: Job): Pick<Why, "left"> {
  const left = runOf(job)?.left;
  if (left === undefined) return {};
  const { since, ...one } = left;
  return { left: { ...one, sinceMs: since.wallMs } };
}

export function slurmOf(job: Job): Pick<Why, "slurm"> {
  const slurm = runOf(job)?.slurm;
  return slurm === undefined ? {} : { slurm };
}

/** What its server is asked just now. */
export function askedOf(job: Job): Pick<Why, "asked"> {
  const talk = runOf(job)?.talk;
  if (talk === undefined || talk.at === "resting") return {};
  return { asked: { at: talk.at, ...(talk.trouble !== undefined && { trouble: talk.trouble }) } };
}

/** Where its VRAM is on its way out or back. */
export function movesOf(job: Job): Pick<Why, "moves"> {
  const park = runOf(job)?.park;
  if (park === undefined || park.at === "parked") return {};
  return { moves: { at: park.at, ...(park.trouble !== undefined && { trouble: park.trouble }) } };
}
