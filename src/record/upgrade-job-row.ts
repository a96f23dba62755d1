/** A job as stored in its row. Rows of earlier versions are upgraded as they are read. */

import type { JobSpec } from "../config/schema/job-schema.ts";
import type { Figure } from "../model/figure.ts";
import type { Job } from "../model/job.ts";
import type { Learned } from "../model/learned.ts";
import type { Run, Said } from "../model/run.ts";

/** Once an entry of `Run.said`; now `Run.claimed`. */
const CLAIMED = "claimed";

export function jobOf(json: string): Job {
  const row = JSON.parse(json) as Job;
  const stored = { ...row, spec: specOf(row.spec), learned: learnedOf(row) };
  // When the first run of a job of an earlier version began isn't known: all that is there counts.
  const job = stored.runs > 0 ? { firstRunMs: 0, ...stored } : stored;
  const { state } = job;
  if (!("run" in state)) return job;
  const run = upToDate(state.run);
  if (state.name !== "lost" || !state.was || !("run" in state.was))
    return { ...job, state: { ...state, run } };
  const was = { ...state.was, run: upToDate(state.was.run) };
  return { ...job, state: { ...state, run, was } };
}

/** What an earlier version learned: one number of each, with the slowest save beside the last one. */
interface OldLearned {
  saveMs: number | null;
  slowestSaveMs: number | null;
  reloadMs: number | null;
  memoryMiB: number | null;
  cpuPercent: number | null;
  gpuMemoryMiB?: number;
}

function learnedOf({ learned, state, visited }: Job): Learned {
  if (!("slowestSaveMs" in learned)) return learned;
  const old = learned as unknown as OldLearned;
  const figure = (...values: (number | null | undefined)[]): Figure | undefined => {
    const recent = values.filter((value) => typeof value === "number");
    return recent.length === 0 ? undefined : { count: recent.length, recent };
  };
  const gpus = "run" in state ? state.run.gpus : (visited?.gpus ?? []);
  const onGpu = figure(old.gpuMemoryMiB);
  const figures = {
    saveMs: figure(old.slowestSaveMs, old.saveMs),
    reloadMs: figure(old.reloadMs),
    memoryMiB: figure(old.memoryMiB),
    cpuPercent: figure(old.cpuPercent),
    gpuMemoryMiB: onGpu === undefined ? undefined : Object.fromEntries(gpus.map((gpu) => [gpu, onGpu])),
  };
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined));
}

/** Settings that a job's row didn't have, as the schema sets them. */
function specOf(spec: Partial<JobSpec>): JobSpec {
  const known = { standby: { releaseAfterMinutes: 10 }, park: { reserveMiB: 2048 }, ...spec } as JobSpec;
  if (spec.leftovers !== undefined) return known;
  // A spec without `leftovers` is of an older version, which filled in SIGUSR2 where no signal was written.
  const { signal, ...pause } = known.pause;
  const written = signal === "SIGUSR2" ? pause : { ...pause, signal };
  return { ...known, leftovers: "end", pause: written } as JobSpec;
}

function upToDate(run: Run): Run {
  const said: readonly string[] = run.said ?? [];
  if (!said.includes(CLAIMED)) return run;
  return { ...run, claimed: true, said: said.filter((fact) => fact !== CLAIMED) as Said[] };
}
