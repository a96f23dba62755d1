/** `pause JOB… | --all`: returns when each job is proven to be saved and gone. */

import { wallMs } from "../../../clock.ts";
import type { JobView } from "../../../control/protocol.ts";
import type { Force } from "../../../model/job.ts";
import { misuse } from "../../../refusal.ts";
import { number } from "../../../words/number.ts";
import { whyBeside } from "../../../words/sentences/why/why.ts";
import { askedText, holdText, movesText } from "../../../words/sentences/why/why-held.ts";
import { endingText, obstacleText } from "../../../words/sentences/why/why-pausing.ts";
import { bytes, size } from "../../../words/size.ts";
import { clockTime } from "../../../words/time.ts";
import { askJobs } from "../../ask-jobs.ts";
import { followJobs, type Outcome } from "../../follow-jobs.ts";
import { chosen, jobsNamed } from "../../named-jobs.ts";
import { overdueText, tellStakes } from "../../not-saved.ts";
import { durationMs, timeMs } from "../../parse-time.ts";
import { orOver } from "../../pause-already-over.ts";
import { print } from "../../print.ts";
import { askedBy, mustConnect, type Options, snapshotOf } from "../../supervisors/connect.ts";

export interface PauseOptions extends Options {
  all?: boolean;
  gpu?: string[];
  for?: string;
  until?: string;
  wait: boolean;
  freeze?: boolean;
  terminate?: boolean;
}

export async function pause(names: string[], options: PauseOptions): Promise<number> {
  const untilMs = untilOf(options, wallMs());
  if (options.freeze && options.terminate) throw misuse("Give --freeze or --terminate, not both.");
  const force: Force | undefined = options.freeze ? "freeze" : options.terminate ? "terminate" : undefined;
  const client = await mustConnect(options, true);
  try {
    const snapshot = await snapshotOf(client);
    const jobs = chosen(names, options, snapshot, "pause");
    if (jobs.length === 0) print("There is no job to pause.");
    if (jobs.length === 0) return 0;
    if (force === "terminate") for (const job of jobsNamed(jobs, snapshot.jobs)) tellStakes(job);
    const request = { verb: "pause" as const, jobs, untilMs, by: askedBy(), ...(force && { force }) };
    const { asked, passedOver } = await askJobs(client, request);
    const until = untilMs === null ? "" : `, until ${clockTime(untilMs, wallMs())}`;
    const what = force === "terminate" ? "end" : (force ?? "pause");
    if (asked.length > 0) print(`asked ${asked.join(", ")} to ${what}${until}`);
    if (!options.wait) return passedOver > 0 ? 1 : 0;
    const before = new Map(snapshot.jobs.map((job) => [job.name, job]));
    const judge = force === "terminate" ? endOutcome : pauseOutcome;
    const outcome = (job: JobView): Outcome =>
      asBefore(job, before.get(job.name), untilMs) ?? judge(job, untilMs);
    const bad = await followJobs(client, asked, orOver(outcome, snapshot, untilMs));
    return bad + passedOver > 0 ? 1 : 0;
  } finally {
    client.close();
  }
}

function heldBack(untilMs: number | null): Outcome {
  const until = untilMs === null ? "" : ` before ${clockTime(untilMs, wallMs())}`;
  return { end: "good", text: `held back: it isn't running, and won't start${until}` };
}

/** It had no run when it was asked, and has had none since: nothing came of the request but the wish. */
function asBefore(job: JobView, before: JobView | undefined, untilMs: number | null): Outcome | null {
  if (job.state !== before?.state || job.sinceMs !== before.sinceMs) return null;
  if (job.state === "paused") return { end: "good", text: "paused already" };
  return job.state === "waiting" ? heldBack(untilMs) : null;
}

function untilOf(options: PauseOptions, nowMs: number): number | null {
  if (options.for !== undefined && options.until !== undefined)
    throw misuse("Give --for or --until, not both.");
  if (options.for !== undefined) return nowMs + durationMs(options.for, "--for");
  return options.until === undefined ? null : timeMs(options.until, "--until", nowMs);
}

/** How far a requested pause has come. */
function pauseOutcome(job: JobView, untilMs: number | null): Outcome {
  switch (job.state) {
    case "paused":
      if (job.why.unsaved !== undefined)
        return { end: "bad", text: `paused, but not saved: ${job.why.unsaved}` };
      return { end: "good", text: `paused: ${saved(job)}` };
    case "frozen":
      return frozen(job);
    case "standby":
      return onStandby(job);
    case "waiting":
      // Without a failure it hasn't run.
      if (job.why.failure !== undefined)
        return { end: "bad", text: `held back, but not paused: ${job.why.failure}` };
      return heldBack(untilMs);
    case "finished":
      if (job.why.assumed !== undefined) return { end: "bad", text: `not paused: ${job.why.assumed}` };
      return { end: "good", text: "finished before it was paused" };
    case "cancelled":
      return { end: "good", text: `${job.state} before it was paused` };
    case "failed":
      return { end: "bad", text: `failed: ${whyBeside(job.why, wallMs())}` };
    case "pausing":
      return pausing(job);
    case "absent":
      return { end: "good", text: `not there (${job.why.absent}); it is asked to rest when it comes` };
    default:
      return { end: null, text: `asked; it is ${job.state}` };
  }
}

function frozen({ why: { parked } }: JobView): Outcome {
  if (parked === undefined)
    return { end: "good", text: "frozen: its CPU and GPU time is free, its memory isn't" };
  if (parked.broken !== undefined) return { end: "bad", text: `not paused: ${parked.broken}` };
  const seen = parked.gone ? "" : ", as the driver says; its GPU hasn't shown that yet";
  return { end: "good", text: `parked: its ${size(parked.heldMiB)} of VRAM is in host memory${seen}` };
}

function onStandby({ why: { server } }: JobView): Outcome {
  if (server === undefined)
    return { end: "good", text: "on standby: it holds its memory and continues at once" };
  if (!server.released) return { end: "bad", text: `on standby, but not released: ${server.why}` };
  return { end: "good", text: `on standby: ${holdText(server)}` };
}

function saved({ checkpoint }: JobView): string {
  if (checkpoint === null) return "it has exited, and had nothing to save";
  const checked = checkpoint.verified === "size and age only" ? checkpoint.verified : "verified";
  const step = checkpoint.step === null ? "checkpoint" : `step ${number(checkpoint.step)}`;
  return `${step} saved (${bytes(checkpoint.bytes)}, ${checked})`;
}

function pausing(job: JobView): Outcome {
  const { progress, method, overdue } = job;
  if (overdue === "waiting") return { end: "bad", text: overdueText(job, "pause") };
  if (overdue === "frozen") {
    return { end: "good", text: "frozen, not saved: its CPU and GPU time is free, its memory isn't" };
  }
  if (job.why.ending !== undefined) return { end: null, text: endingText(job.why.ending) };
  if (overdue !== null)
    return { end: null, text: `it didn't save within its grace period, and was ${overdue}` };
  if (job.why.asked !== undefined) return { end: null, text: askedText(job.why) };
  if (job.why.moves !== undefined) return { end: null, text: movesText(job.why) };
  const obstacle = obstacleText(job.why);
  if (obstacle !== "") return { end: null, text: obstacle };
  if (method === "freeze" || method === "park") return { end: null, text: "being suspended in place" };
  if (progress?.reports === "saving")
    return { end: null, text: `saving its checkpoint${atStep(progress.step)}` };
  if (progress?.reports === "paused") return { end: null, text: "saved; its checkpoint is being checked" };
  const step = progress?.step ?? null;
  return { end: null, text: step === null ? "asked" : `asked; finishing its step${atStep(step)}` };
}

const atStep = (step: number | null): string => (step === null ? "" : ` (step ${number(step)})`);

/** How far a requested end has come. */
function endOutcome(job: JobView, untilMs: number | null): Outcome {
  const { checkpoint } = job;
  if (job.state === "paused" || job.state === "waiting") {
    const from = checkpoint === null ? "the beginning" : `its last checkpoint${atStep(checkpoint.step)}`;
    return { end: "good", text: `ended and paused: a resume continues from ${from}` };
  }
  if (job.state !== "pausing") return pauseOutcome(job, untilMs);
  return {
    end: null,
    text: job.overdue === "killed" ? "didn't end on SIGTERM, so it was killed" : "asked to end by SIGTERM",
  };
}
