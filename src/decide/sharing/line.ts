/**
 * The line of supervised jobs of all users for each GPU. The first to come keeps it; the next one goes
 * when it is free. A job that can't start anyway lets others pass, unless it could in a moment. Knows
 * nothing of files: the claims of others come with the sample, ours are made here.
 */

import type { Job } from "../../model/job.ts";
import type { Claim, GpuSample } from "../../model/machine.ts";
import type { Run } from "../../model/run.ts";
import { isReleased, runOf } from "../../model/state.ts";
import type { Now } from "../../model/time.ts";
import type { WaitingFor } from "../../model/why.ts";
import type { OwnClaim } from "../../ports/claims.ts";
import { ordinal } from "../../words/list.ts";
import { whose } from "../../words/sentences/whose.ts";
import { clockTime } from "../../words/time.ts";
import type { TickInput } from "../tick-input.ts";
import type { Jobs, PolicyMemory } from "../world.ts";

/** Two supervisors never see a change at the same moment: how long to wait for the supervisor ahead of us. */
const COURTESY_MS = 10_000;

/** With one of these, a job isn't in line at all: it wouldn't take the GPU if offered. */
const OUT_OF_LINE = new Set<WaitingFor["code"]>([
  "manual",
  "window",
  "after",
  "not-before",
  "shutdown",
  "sleep",
  "journal",
  "checkpoint-owner",
]);

export const isInLine = (waits: WaitingFor[]): boolean => !waits.some(({ code }) => OUT_OF_LINE.has(code));

/** Wall time since which the job has stood in line; now, if it has only just joined. */
const inLineSince = ({ name, state }: Job, { line }: PolicyMemory, now: Now): number =>
  // Nothing is known of the time before this supervisor.
  line === undefined ? state.since.wallMs : (line[name] ?? now.wallMs);

/** Which jobs stand in line from now on, each with its time of joining. */
export function stayInLine(
  names: Iterable<string>,
  { jobs, memory, now }: TickInput,
): Record<string, number> {
  const since: Record<string, number> = {};
  for (const name of names) {
    const job = jobs[name];
    if (job !== undefined) since[name] = inLineSince(job, memory, now);
  }
  return since;
}

export const couldStart = ({ readyMs }: Claim, wallMs: number): boolean =>
  readyMs !== null && readyMs <= wallMs + COURTESY_MS;

/** Of the jobs that wait there, those ahead of this one. */
export function before(job: Job, there: Claim[], input: TickInput): Claim[] {
  return there.filter(
    (claim) => !claim.holds && isEarlier(claim, job, input) && couldStart(claim, input.now.wallMs),
  );
}

function isEarlier({ sinceMs, id }: Claim, job: Job, input: TickInput): boolean {
  const since = inLineSince(job, input.memory, input.now);
  return sinceMs < since || (sinceMs === since && id < `${input.sample.claimant ?? ""}-${job.name}`);
}

/** "GPU 0 held by bob's 'asr-ft' (supervised, since Mon 09:12); you're 1st in line". */
export function claimWait(job: Job, gpu: GpuSample, against: Claim[], input: TickInput): WaitingFor {
  const { now, sample } = input;
  const [first] = against as [Claim];
  const waiting = (sample.claims ?? []).filter(
    (claim) => !claim.holds && claim.gpus.includes(gpu.uuid) && isEarlier(claim, job, input),
  );
  const place = waiting.length + 1;
  const who = whose(first);
  const since = `since ${clockTime(first.sinceMs, now.wallMs)}`;
  const text = first.holds
    ? `GPU ${gpu.index} held by ${who} (supervised, ${since}); you're ${ordinal(place)} in line`
    : `GPU ${gpu.index} goes to ${who} first (supervised, in line ${since}); you're ${ordinal(place)} in line`;
  const by = holderOf(first);
  return { code: "gpu-claimed", text, gpu: gpu.uuid, by, sinceMs: first.sinceMs, place };
}

export const holderOf = ({ user, job, place }: Claim): NonNullable<WaitingFor["by"]> => ({
  user,
  job,
  ...(place !== undefined && { place }),
});

/** GPUs that a job would accept, and what blocks them besides other supervisors. */
export interface InLine {
  gpus: string[];
  waits: WaitingFor[];
}

/** For each job that stands in line. */
export type Lines = Record<string, InLine>;

/** What other supervisors need to know of our jobs. */
export function ownClaims(
  { jobs, memory }: { jobs: Jobs; memory: PolicyMemory },
  lines: Lines,
  now: Now,
): OwnClaim[] {
  return Object.values(jobs).flatMap((job): OwnClaim[] => {
    const run = runOf(job);
    // Also without a GPU: its CPU use isn't another person's need either.
    // A server that has given its memory back holds no GPU, but its processes are still a job's.
    if (run !== null) return [holding(job, isReleased(job.state) ? { ...run, gpus: [] } : run)];
    const line = lines[job.name];
    if (line === undefined) return [];
    const sinceMs = inLineSince(job, memory, now);
    const { turn } = job;
    const asked = turn === undefined ? {} : { turn: { gpu: turn.gpu, forMs: turn.forMs } };
    const readyMs = readyAt(line.waits, now.wallMs);
    return [{ job: job.name, gpus: line.gpus, holds: false, sinceMs, readyMs, ...asked }];
  });
}

const holding = ({ name }: Pick<Job, "name">, run: Run): OwnClaim => ({
  job: name,
  gpus: run.gpus,
  holds: true,
  sinceMs: run.startedAt.wallMs,
  readyMs: null,
  run,
});

/** Rounded up to seconds, so that the published value doesn't change with every tick. */
function readyAt(waits: WaitingFor[], wallMs: number): number | null {
  if (waits.length === 0) return 0;
  const times = waits.map(({ untilMs }) => untilMs);
  if (!times.every((time) => time !== undefined)) return null;
  return Math.ceil(Math.max(wallMs, ...times) / 1000) * 1000;
}
