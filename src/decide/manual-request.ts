/**
 * What a person asks for by hand. A pause is decided at once where the job's state allows it; the wish stays with the
 * job, and is looked at again at each decision. A resume is a wish alone, since the job may have to wait for room.
 */

import type { WindowState } from "../model/decision.ts";
import type { Effect } from "../model/effect.ts";
import type { NewEvent } from "../model/event.ts";
import { type Force, isService, type Job } from "../model/job.ts";
import { isEnded, isLive } from "../model/state.ts";
import type { Now } from "../model/time.ts";
import { list } from "../words/list.ts";
import { number } from "../words/number.ts";
import { checkpointsOf } from "./lifecycle/checkpoints/earlier-checkpoints.ts";
import { mayGoOn } from "./lifecycle/launch.ts";
import { step } from "./lifecycle/step.ts";
import { manualPause } from "./pauses/manual-pause.ts";
import { pauseMethod } from "./pauses/pause-method.ts";
import { mayRun } from "./pauses/pauses-without-rule.ts";
import type { Pause } from "./pauses/victims.ts";
import { holds } from "./rules/dwell.ts";
import { windowsOf } from "./windows/windows.ts";
import type { World } from "./world.ts";

/** The latest moment that a date can hold, for a window that never closes. */
const LATEST_MS = 8.64e15;

export type ManualRequest =
  | { verb: "pause"; jobs: string[]; untilMs: number | null; by: string; force?: Force }
  /** `adopt`: from another's checkpoints, if those are where its own belong. */
  | { verb: "resume"; jobs: string[]; by: string; adopt?: boolean }
  /** `from`: the step of a checkpoint; from the beginning when left out. */
  | { verb: "rerun"; jobs: string[]; by: string; from?: number }
  | { verb: "cancel"; jobs: string[]; by: string };

export interface Requested {
  world: World;
  events: NewEvent[];
  effects: Effect[];
  /** Pauses to be carried out at once. */
  decisions: Pause[];
  /** Why the one job that is named refuses, as a sentence; of names that no job has, one each. */
  errors: string[];
  /** Where several are named: those that refuse, and why, as a sentence. The others go ahead. */
  passedOver: PassedOver[];
}

export interface PassedOver {
  job: string;
  why: string;
}

type Outcome = (Pick<Requested, "events" | "effects"> & { job: Job }) | { error: string };

export function manualRequest(
  world: World,
  asked: ManualRequest,
  windows: WindowState[],
  now: Now,
): Requested {
  const jobs: Record<string, Job> = { ...world.jobs };
  const done: Omit<Requested, "world"> = {
    events: [],
    effects: [],
    decisions: [],
    errors: [],
    passedOver: [],
  };
  const every = asked.jobs.length > 1;
  for (const name of asked.jobs) {
    const job = world.jobs[name];
    const result =
      job === undefined ? { error: `There is no job '${name}'.` } : ask(job, asked, { world, windows, now });
    if ("error" in result) {
      if (every && job !== undefined) done.passedOver.push({ job: name, why: result.error });
      else done.errors.push(result.error);
      continue;
    }
    jobs[name] = result.job;
    done.events.push(...result.events);
    done.effects.push(...result.effects);
    const decision = asked.verb === "pause" ? manualPause(result.job) : null;
    if (decision !== null) done.decisions.push(decision);
  }
  return { ...done, world: { ...world, jobs } };
}

interface WithRequest {
  world: World;
  windows: WindowState[];
  now: Now;
}

/** A service has nothing that is ours to begin or to end. */
const isBeyond = (job: Job, asked: ManualRequest): boolean =>
  isService(job) &&
  (asked.verb === "cancel" ||
    asked.verb === "rerun" ||
    (asked.verb === "pause" && asked.force !== undefined));

function ask(job: Job, asked: ManualRequest, within: WithRequest): Outcome {
  if (isBeyond(job, asked))
    return {
      error: `'${job.name}' is a service: it isn't begun, frozen or ended here, only asked to rest and to come back (supervisor pause ${job.name}, supervisor resume ${job.name}).`,
    };
  if (asked.verb === "cancel")
    return isEnded(job.state.name)
      ? { error: hasEnded(job) }
      : step(job, { kind: "cancel", by: asked.by }, within.now);
  if (job.cancelling !== undefined) return { error: `'${job.name}' was cancelled and is about to end.` };
  if (asked.verb === "pause") return pause(job, asked, within);
  return asked.verb === "rerun" ? rerun(job, asked, within) : resume(job, asked, within);
}

const hasEnded = ({ name, state }: Job): string =>
  `'${name}' has ${state.name === "cancelled" ? "been " : ""}${state.name} already.`;

/** From the beginning its checkpoints so far are set aside by the launch; its log goes on. */
function rerun(
  job: Job,
  { by, from: atStep }: Extract<ManualRequest, { verb: "rerun" }>,
  { now }: WithRequest,
): Outcome {
  if (isLive(job.state.name))
    return {
      error: `'${job.name}' is ${job.state.name}; to begin it anew, end it first: supervisor cancel ${job.name}`,
    };
  const from = atStep === undefined ? undefined : checkpointsOf(job).find((one) => one.step === atStep);
  if (atStep !== undefined && from === undefined) return { error: noCheckpointOf(atStep, job) };
  const next = step(job, { kind: "rerun", by, ...(from && { from }) }, now);
  return { ...next, job: { ...next.job, manual: null, misattributed: [] } };
}

function noCheckpointOf(step: number, job: Job): string {
  const steps = checkpointsOf(job).flatMap((one) => (one.step === null ? [] : [number(one.step)]));
  const there = steps.length === 0 ? "There is none." : `Those that it can go on from: step ${list(steps)}.`;
  return `'${job.name}' has no checkpoint of step ${number(step)}. ${there}`;
}

/** Ended jobs get another chance; where another's checkpoints were found, that is looked at again. */
function again(job: Job, by: string, adopt: boolean, now: Now): ReturnType<typeof step> {
  if (adopt && !isLive(job.state.name)) return step(job, { kind: "adopt", by }, now);
  if (isEnded(job.state.name)) return step(job, { kind: "retry", by }, now);
  const { foreign: _, ...rest } = job;
  return { job: rest, events: [], effects: [] };
}

function pause(job: Job, asked: Extract<ManualRequest, { verb: "pause" }>, { now }: WithRequest): Outcome {
  if (isEnded(job.state.name)) return { error: hasEnded(job) };
  const { force } = asked;
  const freeze = force === "freeze";
  const method = pauseMethod(job, { frees: "time", freeze });
  if (force !== "terminate" && (method === null || (freeze && method !== "freeze" && method !== "park")))
    return {
      error: `'${job.name}' has several ranks, which fail when they are frozen${freeze ? "" : `, and nothing shows that they save. To end it: supervisor pause ${job.name} --terminate`}.`,
    };
  if (asked.untilMs !== null && asked.untilMs <= now.wallMs)
    return { error: `The end of the pause of '${job.name}' is in the past.` };
  const wish = { want: "pause" as const, sinceMs: now.wallMs, untilMs: asked.untilMs, by: asked.by };
  return { job: { ...job, manual: { ...wish, ...(force && { force }) } }, events: [], effects: [] };
}

function resume(
  job: Job,
  { by, adopt }: Extract<ManualRequest, { verb: "resume" }>,
  { world, windows, now }: WithRequest,
): Outcome {
  if (isEnded(job.state.name) && !mayGoOn(job))
    return { error: `${hasEnded(job)} To run it again from the beginning: supervisor rerun ${job.name}` };
  const next = again(job, by, adopt ?? false, now);
  // Whatever holds it back now is excused until it has been clear once.
  const excused = Object.entries(world.rules)
    .filter(([, state]) => holds(state))
    .map(([key]) => key);
  const closes = windowsOf(job.name, windows).flatMap(({ closesAtMs }) => closesAtMs ?? []);
  const bare = { ...next.job, manual: null };
  const windowUntilMs = mayRun(bare, windows, now.wallMs) ? null : Math.min(LATEST_MS, ...closes);
  const manual = { want: "run" as const, sinceMs: now.wallMs, excused, windowUntilMs };
  // Rules that had blamed it for its own use count again, now that a person has looked.
  const { gpuShortage: _, unready, ...rest } = next.job;
  // A server that didn't come back is asked at once: the person may have seen to it. What a launch lacks stays lacking.
  const lacks = unready !== undefined && job.state.name !== "standby" && { unready };
  return { ...next, job: { ...rest, ...lacks, manual, misattributed: [] } };
}
