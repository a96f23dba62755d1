/**
 * Runs that are still alive from an earlier supervisor, but that the database doesn't know: each goes
 * back to its job. Ends none: a run that no job claims is left for the user to end.
 */
import { runOf } from "../model/state.ts";
import { sweep } from "../runs/clean-up/sweep.ts";
import type { Supervisor } from "../tick/supervisor.ts";

/**
 * Call before anything can be launched or requested, so that every unknown run is a run of the past.
 * Resolves with the problem for the user, or null.
 */
export async function takeBackRuns(supervisor: Supervisor, stateDirectory: string): Promise<string | null> {
  const known = Object.values(supervisor.world.jobs).map((job) => runOf(job)?.id ?? "");
  const alive = await sweep(stateDirectory, new Set(known));
  const strangers = alive.filter(
    ({ record }) => record === null || !supervisor.takeBack(record.job, record.run),
  );
  if (strangers.length === 0) return null;
  const ids = strangers.map(({ id }) => id).join(", ");
  return `Runs of no known job are still alive: ${ids} in ${stateDirectory}/runs. End them by hand.`;
}
