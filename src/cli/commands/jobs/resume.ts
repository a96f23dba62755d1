/** `resume JOB… | --all`: returns when each job runs again, or says what it waits for. */

import { wallMs } from "../../../clock.ts";
import type { ControlClient } from "../../../control/client.ts";
import type { JobView, Snapshot } from "../../../control/protocol.ts";
import { isWorking } from "../../../model/state.ts";
import { isPassing } from "../../../model/why.ts";
import { misuse, Refusal } from "../../../refusal.ts";
import { list } from "../../../words/list.ts";
import { number } from "../../../words/number.ts";
import { begunText } from "../../../words/sentences/begun-with.ts";
import { whyBeside } from "../../../words/sentences/why/why.ts";
import { askedText, movesText } from "../../../words/sentences/why/why-held.ts";
import { clockTime } from "../../../words/time.ts";
import { type Asked, askJobs } from "../../ask-jobs.ts";
import { followJobs, type Outcome } from "../../follow-jobs.ts";
import { chosen } from "../../named-jobs.ts";
import { overdueText } from "../../not-saved.ts";
import { timeMs } from "../../parse-time.ts";
import { print } from "../../print.ts";
import { askedBy, mustConnect, type Options, snapshotOf } from "../../supervisors/connect.ts";

export interface ResumeOptions extends Options {
  all?: boolean;
  wait: boolean;
  adopt?: boolean;
  at?: string;
}

/** The first snapshot after a request may still describe the moment before it. */
const SETTLED_AFTER = 2;
/** A program that doesn't report has come back once it has lived so long: one that can't go on ends at once. */
const LIVES_FOR_MS = 5000;
/** A large model may load, or be checked, for longer than a person wants to wait here. */
const LOADS_FOR_MS = 120_000;

export async function resume(names: string[], options: ResumeOptions): Promise<number> {
  if (options.at !== undefined && options.adopt) throw misuse("Give --at or --adopt, not both.");
  const atMs = options.at === undefined ? null : timeMs(options.at, "--at", wallMs());
  const client = await mustConnect(options, true);
  try {
    const snapshot = await snapshotOf(client);
    const jobs = chosen(names, options, snapshot, "resume");
    if (jobs.length === 0) print("There is no job to resume.");
    if (jobs.length === 0) return 0;
    if (atMs !== null) return await resumeAt(client, jobs, snapshot, atMs);
    const request = { verb: "resume" as const, jobs, by: askedBy(), ...(options.adopt && { adopt: true }) };
    return await followResume(client, await askJobs(client, request), snapshot, options);
  } finally {
    client.close();
  }
}

/** Held until then, which is a pause of a job that doesn't work. Resolves with the exit code. */
async function resumeAt(
  client: ControlClient,
  jobs: string[],
  { jobs: views }: Snapshot,
  untilMs: number,
): Promise<number> {
  const working = views
    .filter(({ name, state }) => jobs.includes(name) && isWorking(state))
    .map(({ name }) => name);
  if (working.length > 0) throw new Refusal(`Not paused: ${list(working)}.`);
  const { asked, passedOver } = await askJobs(client, { verb: "pause", jobs, untilMs, by: askedBy() });
  const at = clockTime(untilMs, wallMs());
  if (asked.length > 0) print(`${asked.join(", ")}: resumes at ${at} or later, as soon as there is room`);
  return passedOver > 0 ? 1 : 0;
}

/** After the request: until each job runs, or what it waits for is known. Resolves with the exit code. */
export async function followResume(
  client: ControlClient,
  { asked, passedOver }: Asked,
  snapshot: Snapshot,
  { wait }: { wait: boolean },
): Promise<number> {
  if (!wait) {
    if (asked.length > 0) print(`asked for ${asked.join(", ")} to resume`);
    return passedOver > 0 ? 1 : 0;
  }
  const before = new Map(snapshot.jobs.map(({ name, run }) => [name, run]));
  const waited: Waited = new Map();
  const outcome = (job: JobView): Outcome => resumeOutcome(job, job.run !== before.get(job.name), waited);
  return (await followJobs(client, asked, outcome)) + passedOver > 0 ? 1 : 0;
}

/** By job: in how many snapshots it waited, and since when. */
type Waited = Map<string, { times: number; sinceMs: number }>;

/** `anew`: a run has begun since the request. */
function resumeOutcome(job: JobView, anew: boolean, waited: Waited): Outcome {
  const { failure, unsaved } = job.why;
  if (anew && failure !== undefined && job.state === "waiting")
    return { end: "bad", text: `its run has failed: ${failure}\n${waits(job)}` };
  if (anew && unsaved !== undefined && job.state === "paused")
    return { end: "bad", text: `paused again, and not saved: ${unsaved}` };
  switch (job.state) {
    case "running":
      // A server that is asked to load its model, or a parked job on its way back.
      if (job.why.asked !== undefined) return { end: null, text: askedText(job.why) };
      if (job.why.moves !== undefined) return { end: null, text: movesText(job.why) };
      return anew ? begun(job) : { end: "good", text: running(job, null) };
    case "serving":
      return job.why.asked === undefined
        ? { end: "good", text: "serving" }
        : { end: null, text: askedText(job.why) };
    case "absent":
      return { end: "bad", text: `not there: ${job.why.absent}` };
    case "finished":
      return { end: "good", text: job.why.assumed ?? "finished meanwhile" };
    case "cancelled":
      return { end: "bad", text: "cancelled meanwhile" };
    case "failed":
      return { end: "bad", text: `failed: ${whyBeside(job.why, wallMs())}` };
    case "starting":
    case "lost":
      return { end: null, text: job.state };
    case "pausing":
      // A pause that may never end isn't waited for.
      if (job.overdue === "waiting") return { end: "bad", text: overdueText(job, "resume") };
      return { end: null, text: "finishing its pause first" };
    default:
      return waitOutcome(job, waited);
  }
}

/** What is over in a moment is waited for, such as the check of its checkpoint. */
function waitOutcome(job: JobView, waited: Waited): Outcome {
  const { waitingFor } = job.why;
  const { times, sinceMs } = waited.get(job.name) ?? { times: 0, sinceMs: wallMs() };
  waited.set(job.name, { times: times + 1, sinceMs });
  if (times < SETTLED_AFTER || waitingFor.length === 0) return { end: null, text: "asked" };
  const passes = waitingFor.every(isPassing) && wallMs() - sinceMs < LOADS_FOR_MS;
  return { end: passes ? null : "good", text: waits(job) };
}

/** Seen to come back, or not yet. */
function begun(job: JobView): Outcome {
  const aliveMs = wallMs() - job.sinceMs;
  if (job.stepped) return { end: "good", text: running(job) };
  if (job.progress === null || job.why.room !== "library") {
    const started = startedText(job);
    if (aliveMs < LIVES_FOR_MS) return { end: null, text: `${started}; it is watched for a moment` };
    return { end: "good", text: `${running(job)}, ${started}` };
  }
  if (aliveMs >= LOADS_FOR_MS) return { end: "good", text: `${running(job)}, and has made no step yet` };
  return { end: null, text: "loading: it hasn't made its first step yet" };
}

/** A first run goes on from nothing that could be missed. */
function startedText({ run, why: { begunWith } }: JobView): string {
  if (run === 1) return begunWith === undefined ? "started" : `started ${begunText(begunWith)}`;
  return `started again ${begunText(begunWith)}`;
}

/** `from`: the step of the checkpoint that its run has begun with just now. */
function running(job: JobView, from = job.why.room === "library" ? job.resumedAtStep : null): string {
  const begun = from ? `, from step ${number(from)}` : "";
  const run = job.run === null ? "" : ` (run ${job.run}${begun})`;
  const until = job.manual?.want === "run" ? job.manual.windowUntilMs : null;
  if (until === null) return `running${run}`;
  return `running${run} outside its window until that next closes (${clockTime(until, wallMs())}). Back to waiting: supervisor pause ${job.name}`;
}

function waits(job: JobView): string {
  const next = job.why.next === null ? "" : `\n  next: ${job.why.next.text}`;
  return `waits: ${job.why.waitingFor.map(({ text }) => text).join("; ")}${next}`;
}
