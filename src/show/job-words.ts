/** One job in words: what it does now, why, what is expected next. Pure; shared by all views. */

import type { JobView } from "../control/protocol.ts";
import { endingLoses } from "../decide/why/stakes.ts";
import { shortElapsed } from "../words/duration.ts";
import { metric, number, wholePercent } from "../words/number.ts";
import { whyBeside } from "../words/sentences/why/why.ts";
import { nextAndComing } from "../words/sentences/why/why-next.ts";
import { size } from "../words/size.ts";
import { clockTime, timeAndComing } from "../words/time.ts";
import { pad, shorten } from "./draw/cells.ts";
import type { Tone } from "./draw/lines.ts";
import { measured } from "./readings.ts";

const TONES: Record<JobView["state"], Tone> = {
  waiting: "plain",
  starting: "good",
  running: "good",
  serving: "good",
  absent: "faint",
  pausing: "warn",
  paused: "warn",
  standby: "warn",
  frozen: "warn",
  lost: "bad",
  finished: "faint",
  failed: "bad",
  cancelled: "faint",
};

/** An overdue pause and a stalled run need a look. */
export const toneOf = (job: JobView): Tone =>
  job.overdue !== null || job.stalledSinceMs !== null ? "bad" : TONES[job.state];

/** `running 3 h`; one that has given its GPU's memory back is told from one that holds it. */
export const stateFor = (job: JobView, nowMs: number): string =>
  `${heldState(job)} ${shortElapsed(nowMs - job.sinceMs)}`;

function heldState({ state, why }: JobView): string {
  if (why.server?.released) return "released";
  return why.parked === undefined ? state : "parked";
}

/** What ending it now loses; null where nothing of ours has begun. On a cluster it has no pid of this machine. */
export function endLoses(job: JobView, nowMs: number): string | null {
  const begun = job.pid !== null || job.slurm?.begunAt !== undefined;
  return begun && job.service === undefined ? endingLoses(job, nowMs) : null;
}

/** The step that it has reached; without a run, the one that its next run goes on from, where that is known. */
function reachedStep({ state, progress, checkpoint }: JobView): number | null {
  const step = progress?.step ?? null;
  const goesOn = step !== null && (state === "waiting" || state === "paused");
  return goesOn ? (checkpoint?.step ?? step) : step;
}

/** Done share, 0 to 1; null when the job didn't say how far it goes, and for one that only its exit code says has finished. */
export function shareOf(job: JobView): number | null {
  if (job.state === "finished" && job.why.assumed === undefined) return 1;
  const step = reachedStep(job);
  const total = job.progress?.totalSteps ?? null;
  if (step === null || total === null || !(total > 0) || !Number.isFinite(step)) return null;
  return Math.min(1, Math.max(0, step / total));
}

/** ` 62 %`: never 100 before it is done. */
export function sharePercent(job: JobView): string {
  const share = shareOf(job);
  return share === null ? "" : wholePercent(Math.floor(share * 100));
}

/** `37,210/60,000`, or the epoch where no step is known. */
export function stepOf(job: JobView): string {
  const { totalSteps = null, epoch = null } = job.progress ?? {};
  const step = reachedStep(job);
  if (step === null) return epoch === null ? "" : `epoch ${number(epoch)}`;
  return totalSteps === null ? `step ${number(step)}` : `${number(step)}/${number(totalSteps)}`;
}

/** Its loss, or else the first thing that it measures; null where it tells nothing. */
export function measureOf(job: JobView): { name: string; value: number } | null {
  const metrics = job.progress?.metrics ?? {};
  const name = "loss" in metrics ? "loss" : Object.keys(metrics)[0];
  const value = name === undefined ? undefined : metrics[name];
  return name === undefined || value === undefined ? null : { name, value };
}

/** `loss 0.312`. */
export function metricOf(job: JobView): string {
  const measure = measureOf(job);
  return measure === null ? "" : `${shorten(measure.name, 10)} ${metric(measure.value)}`;
}

/** `cpu  98 %   2.1 GiB`, aligned. */
export function resourcesOf(job: JobView): string {
  const cpu = measured(job.use?.cpuPercent);
  const memory = measured(job.use?.memoryMiB);
  if (cpu === null && memory === null) return "";
  const left = cpu === null ? "cpu ?" : `cpu ${wholePercent(cpu).padStart(5)}`;
  return `${pad(left, 9)} ${(memory === null ? "?" : size(memory)).padStart(9)}`;
}

/** When the last step will be done at the present pace (wall time); null while unknown. */
export function doneAtMs(job: JobView, nowMs: number): number | null {
  const { step = null, totalSteps = null } = job.progress ?? {};
  const pace = job.stepsPerSecond;
  if (job.state !== "running" || step === null || totalSteps === null || pace === null || !(pace > 0))
    return null;
  return nowMs + (Math.max(0, totalSteps - step) / pace) * 1000;
}

/** The next expected change with its time; empty when unknown. */
export function nextOf(job: JobView, nowMs: number): string {
  const { next } = job.why;
  if (next !== null) return nextAndComing(next, nowMs);
  const done = doneAtMs(job, nowMs);
  return done === null ? "" : `done about ${timeAndComing(done, nowMs)}`;
}

/** The same for where there is little room: `14:10`, `done about 23:15`; empty when unknown. */
export function shortNextOf(job: JobView, nowMs: number): string {
  const { next } = job.why;
  if (needsPerson(job)) return soonerOf(job, "short");
  if (next !== null) return clockTime(next.atMs, nowMs);
  const done = doneAtMs(job, nowMs);
  return done === null ? "" : `done about ${clockTime(done, nowMs)}`;
}

/** Nothing happens by itself: an overdue pause, or a question that only a person can answer. */
const needsPerson = ({ overdue, why }: JobView): boolean =>
  overdue !== null ||
  why.finishedWith !== undefined ||
  why.waitingFor.some(({ code }) => code === "checkpoint-owner");

/** Of a job that a person has to decide about: what they can type. */
const soonerOf = ({ why }: JobView, form: "command" | "short"): string =>
  (why.sooner ?? []).map((way) => way[form]).join("  or  ");

/** Why it is as it is, which stands beside its state, and what comes next. Either may be empty. */
export const reasonAndNext = (job: JobView, nowMs: number): { reason: string; next: string } => ({
  reason: whyBeside(job.why, nowMs),
  next: needsPerson(job) ? soonerOf(job, "command") : nextOf(job, nowMs),
});
