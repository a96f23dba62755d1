/** A supervisor whose jobs run on a test's own Slurm; ended with whatever it has in the queue. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CHILDREN, RealSupervisor } from "../scenarios/real-supervisor.ts";
import { until } from "../until.ts";
import type { Cluster } from "./cluster.ts";

/** A job that counts, a step every `ms`. */
export const counting = (name: string, ...args: string[]): Record<string, unknown> => ({
  name,
  command: ["node", join(CHILDREN, "count-steps.ts"), ...args],
});

/** Its jobs run on Slurm unless they say otherwise. */
export async function supervise(
  cluster: Cluster,
  jobs: Record<string, unknown>[],
  more: Record<string, unknown> = {},
): Promise<RealSupervisor> {
  return await new RealSupervisor({ ...more, jobs: onSlurm(jobs) }, cluster.env).start();
}

export const onSlurm = (jobs: Record<string, unknown>[]): Record<string, unknown>[] =>
  jobs.map((job) => ({ executor: { kind: "slurm" }, ...job }));

export const logOf = ({ directory }: RealSupervisor, job: string): string =>
  readFileSync(join(directory, "state/logs", `${job}.log`), "utf8");

/** The steps from which its runs have begun. */
export const begins = (of: RealSupervisor, job: string): number[] =>
  [...logOf(of, job).matchAll(/^begins at (\d+)$/gm)].map(([, step]) => Number(step));

/** Slurm's id of a job's run. */
export async function slurmIdOf(supervisor: RealSupervisor, job: string): Promise<number> {
  return await supervisor.shows(
    `the id of '${job}' in Slurm`,
    ({ jobs }) => jobs.find(({ name }) => name === job)?.slurm?.id,
  );
}

export async function endAll(cluster: Cluster, supervisor: RealSupervisor | null): Promise<void> {
  await supervisor?.crash();
  cluster.ask("scancel", "--me");
  await until(
    "an empty queue",
    () => !cluster.queue.some((line) => /RUNNING|COMPLETING|PENDING|SPECIAL/.test(line)),
  );
  await supervisor?.close();
}
