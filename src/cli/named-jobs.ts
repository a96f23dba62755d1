/** Which jobs a command means: by name, by GPU, or all. */
import { readFileSync } from "node:fs";
import { parse } from "jsonc-parser";
import { closest } from "../config/check/suggest.ts";
import type { JobView, Snapshot } from "../control/protocol.ts";
import { isEnded } from "../model/state.ts";
import { misuse } from "../refusal.ts";
import { list } from "../words/list.ts";

/** Names of the selected jobs; with `--all`, of those that haven't ended. */
export function chosen(
  names: string[],
  options: { all?: boolean; gpu?: string[] },
  snapshot: Snapshot,
  verb: string,
): string[] {
  const ways = [names.length > 0, options.all ?? false, options.gpu !== undefined];
  if (ways.filter(Boolean).length > 1)
    throw misuse(`Name jobs${options.gpu ? ", give --gpu" : ""} or give --all, not both.`);
  if (options.gpu !== undefined) return jobsOn(options.gpu, snapshot);
  if (options.all) {
    return snapshot.jobs.filter((job) => !isEnded(job.state)).map((job) => job.name);
  }
  if (names.length === 0) throw misuse(`Which job? Name one, or all: supervisor ${verb} --all`);
  return jobsNamed(names, snapshot.jobs).map((job) => job.name);
}

/** Names of the jobs that have a run on one of these GPUs. */
function jobsOn(ids: string[], { gpus, gpusUnavailable, jobs }: Snapshot): string[] {
  const indices = ids.map((id) => {
    const gpu = gpus.find(({ index, uuid }) => `${index}` === id || uuid === id);
    if (gpu !== undefined) return gpu.index;
    const known = gpus.map(({ index }) => `${index}`);
    throw misuse(
      `There is no GPU '${id}'${known.length > 0 ? `; there are: ${list(known)}` : ""}. ${gpusUnavailable ?? ""}`.trim(),
    );
  });
  return jobs.filter((job) => job.gpus.some((gpu) => indices.includes(gpu))).map(({ name }) => name);
}

/** The jobs with these names, each once; an unknown name fails with the closest known one. */
export function jobsNamed(names: string[], jobs: JobView[]): JobView[] {
  return [...new Set(names)].map((name) => {
    const job = jobs.find((one) => one.name === name);
    if (job === undefined)
      throw misuse(
        noSuchJob(
          name,
          jobs.map((one) => one.name),
        ),
      );
    return job;
  });
}

export function noSuchJob(name: string, known: string[]): string {
  const guess = closest(name, known);
  if (guess !== null) return `There is no job '${name}'. Did you mean '${guess}'?`;
  return `There is no job '${name}'. ${known.length === 0 ? "There are none." : `There are: ${known.join(", ")}.`}`;
}

/** Names in a config, none where it can't be read: without the schema, which takes longer to load than a Tab may. */
export function configuredJobs(file: string): string[] {
  try {
    const { jobs } = parse(readFileSync(file, "utf8"), [], { allowTrailingComma: true }) ?? {};
    return (Array.isArray(jobs) ? jobs : []).flatMap((job) =>
      typeof job?.name === "string" ? job.name : [],
    );
  } catch {
    return [];
  }
}
