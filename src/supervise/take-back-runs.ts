/**
 * Runs that are still alive from an earlier supervisor, but that the database or the state directory doesn't
 * know: each goes back to its job. Ends none: a run that no job claims is left for the user to end.
 */
import { clock } from "../clock.ts";
import type { Away } from "../model/park.ts";
import { runOf } from "../model/state.ts";
import { refusing } from "../refusal.ts";
import { sweep } from "../runs/clean-up/sweep.ts";
import { sweepCgroups } from "../runs/clean-up/sweep-cgroups.ts";
import { lacksRecords, rewriteRecords } from "../runs/launch/rewrite-records.ts";
import { runsByEnvironment } from "../runs/observe/runs-by-environment.ts";
import type { Supervisor } from "../tick/supervisor.ts";

/**
 * Call before anything can be launched or requested, so that every unknown run is a run of the past.
 * Resolves with the problem for the user, or null.
 */
export async function takeBackRuns(supervisor: Supervisor, stateDirectory: string): Promise<string | null> {
  const guessed = restoreRecords(supervisor, stateDirectory);
  const known = new Set(Object.values(supervisor.world.jobs).map((job) => runOf(job)?.id ?? ""));
  const alive = await sweep(stateDirectory, known);
  sweepCgroups(stateDirectory, known);
  const strangers = alive.filter(
    ({ id, record }) =>
      record === null || !supervisor.takeBack(record.job, record.run, record.away ?? guessed.get(id)),
  );
  if (strangers.length === 0) return null;
  const ids = strangers.map(({ id }) => id).join(", ");
  return `Runs of no known job are still alive: ${ids} in ${stateDirectory}/runs. End them by hand.`;
}

/**
 * Gives live runs whose files are gone their files again, so that they are found like any other. Returns which
 * programs of them may be parked, which no file tells.
 */
function restoreRecords({ world }: Supervisor, stateDirectory: string): Map<string, Away> {
  const guessed = new Map<string, Away>();
  for (const { away, ...found } of runsByEnvironment(stateDirectory, clock.now())) {
    const { job: name, run } = found;
    const job = world.jobs[name];
    // What is left of a run that is known to be over isn't a run.
    const over = job !== undefined && runOf(job)?.id !== run.id && job.runs >= run.number;
    if (over || !lacksRecords(stateDirectory, run.id)) continue;
    refusing(`The files of a live run can't be written in ${stateDirectory}/runs`, () =>
      rewriteRecords(stateDirectory, found, found),
    );
    if (away) guessed.set(run.id, away);
  }
  return guessed;
}
