/**
 * What other users ask of our jobs: a turn on a GPU. Hears only the claim that is next in line there and
 * could start, so that a claim alone, true or forged, asks for nothing.
 */

import type { Job } from "../../model/job.ts";
import type { Claim, GpuSample } from "../../model/machine.ts";
import { runOf } from "../../model/state.ts";
import type { TickInput } from "../tick-input.ts";
import { couldStart } from "./line.ts";

export type TurnAnswer = "yield" | "tell" | "ignore";

export const isGpu = ({ uuid, index }: GpuSample, id: string | number): boolean =>
  id === uuid || String(id) === String(index);

/** The claim that asks for a GPU of this job and is next in line for it. */
export function requestFor(job: Job, input: TickInput): { claim: Claim; gpu: string } | null {
  // At every tick for every job, and mostly nobody claims anything.
  if (!input.sample.claims?.length) return null;
  for (const gpu of runOf(job)?.gpus ?? []) {
    const claim = requestOn(gpu, input);
    if (claim !== null) return { claim, gpu };
  }
  return null;
}

function requestOn(gpu: string, { sample, now }: TickInput): Claim | null {
  const next = (sample.claims ?? []).find(
    (claim) => !claim.holds && claim.gpus.includes(gpu) && couldStart(claim, now.wallMs),
  );
  const asked = next?.turn?.gpu;
  if (next === undefined || asked === undefined) return null;
  const isIt = asked === gpu || sample.gpus.some((one) => one.uuid === gpu && isGpu(one, asked));
  return isIt ? next : null;
}

export const answerTo = ({ spec }: Job, { user }: Claim, { config }: TickInput): TurnAnswer =>
  spec.yieldTo?.includes(user) ? "yield" : config.turns.requests;

/**
 * Whose turn this waiting job must respect: room that one of our jobs has made must not go to another of
 * ours, even one ahead in line. A job that asks for a turn itself stands in line as usual.
 */
export function turnBefore(job: Job, gpu: string, input: TickInput): Claim | null {
  if (job.turn !== undefined) return null;
  const claim = requestOn(gpu, input);
  return claim !== null && answerTo(job, claim, input) === "yield" ? claim : null;
}
