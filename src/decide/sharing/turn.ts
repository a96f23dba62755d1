/**
 * Turns on a GPU between supervised jobs of different users: which job makes room when another supervisor
 * asks, and when a granted turn ends. People's requests decide, never a forged claim alone: only a
 * claim that waits in line and could start is heard.
 */

import type { NewEvent } from "../../model/event.ts";
import type { Job } from "../../model/job.ts";
import type { Claim } from "../../model/machine.ts";
import type { Run } from "../../model/run.ts";
import { isWorking, runOf } from "../../model/state.ts";
import { duration } from "../../words/duration.ts";
import { whose } from "../../words/sentences/whose.ts";
import { pauseMethod } from "../pauses/pause-method.ts";
import type { Pause } from "../pauses/victims.ts";
import type { TickInput } from "../tick-input.ts";
import { couldStart } from "./line.ts";
import { answerTo, requestFor } from "./turn-requests.ts";

const canYield = (job: Job): boolean => pauseMethod(job, ROOM) !== null;
/** The other job needs the GPU's memory, too: a freeze would give it nothing. */
const ROOM = { frees: "vram" } as const;

/** A pause for another user's supervised job, or null. */
export function turnPause(job: Job, input: TickInput): Pause | null {
  const { state } = job;
  if (!isWorking(state.name) || !("run" in state)) return null;
  const reason = turnOver(job, state.run, input) ?? granted(job, input);
  if (reason === null) return null;
  const method = pauseMethod(job, ROOM);
  if (method === null) return null;
  const cause = { actor: "peer" as const, reason, critical: false };
  return { verb: "pause", job: job.name, method, cause, evidence: { gpus: state.run.gpus } };
}

function granted(job: Job, input: TickInput): string | null {
  const asked = requestFor(job, input);
  if (asked === null || answerTo(job, asked.claim, input) !== "yield") return null;
  const { user, job: name, turn } = asked.claim;
  return `${user} asks for a turn of ${duration(turn?.forMs ?? 0)} on ${gpuName(asked.gpu, input)} for '${name}'.`;
}

function turnOver({ turn }: Job, run: Run, { sample, now }: TickInput): string | null {
  if (turn?.untilMs === undefined || now.wallMs < turn.untilMs) return null;
  const next = (sample.claims ?? []).find(
    (claim) =>
      !claim.holds && couldStart(claim, now.wallMs) && claim.gpus.some((gpu) => run.gpus.includes(gpu)),
  );
  if (next === undefined) return null;
  return `Its turn of ${duration(turn.forMs)} is over, and ${whose(next)} waits.`;
}

function gpuName(uuid: string, { sample }: Pick<TickInput, "sample">): string {
  const gpu = sample.gpus.find((one) => one.uuid === uuid);
  return gpu === undefined ? uuid : `GPU ${gpu.index}`;
}

/** Requests of others not yet reported. `told` is replaced by what is to be remembered. */
export function turnEvents(input: TickInput): { events: NewEvent[]; told: string[] } {
  const before = input.memory.requests ?? [];
  const told: string[] = [];
  const events: NewEvent[] = [];
  for (const job of Object.values(input.jobs)) {
    const asked = requestFor(job, input);
    if (asked === null) continue;
    const { claim, gpu } = asked;
    const key = `${claim.id} ${claim.sinceMs} ${job.name}`;
    told.push(key);
    if (before.includes(key)) continue;
    const reason = `${claim.user} asks for a turn of ${duration(claim.turn?.forMs ?? 0)} on ${gpuName(gpu, input)} for '${claim.job}'; ${answer(job, claim, input)}.`;
    events.push({
      kind: "turn.requested",
      job: job.name,
      run: runOf(job)?.number ?? null,
      actor: "peer",
      reason,
      evidence: { gpu, user: claim.user, asks: claim.job },
    });
  }
  return { events, told };
}

function answer(job: Job, claim: Claim, input: TickInput): string {
  const { name } = job;
  switch (answerTo(job, claim, input)) {
    case "yield":
      return canYield(job) ? `'${name}' makes room` : `'${name}' can't save, so it goes on`;
    case "tell":
      return `it's yours to decide: supervisor pause ${name}`;
    case "ignore":
      return `'${name}' goes on, as the config says`;
  }
}
