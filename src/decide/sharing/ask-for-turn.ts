/**
 * A person asks for a turn on a GPU that another user's supervised job holds: one of our jobs in line
 * for it carries the request. The holder decides what to do with it.
 */

import type { NewEvent } from "../../model/event.ts";
import type { Job } from "../../model/job.ts";
import type { GpuSample, Sample } from "../../model/machine.ts";
import { runOf } from "../../model/state.ts";
import type { Now } from "../../model/time.ts";
import { duration } from "../../words/duration.ts";
import { whose } from "../../words/sentences/whose.ts";
import type { World } from "../world.ts";
import { isGpu } from "./turn-requests.ts";

export interface TurnRequest {
  gpu: string;
  forMs: number;
  by: string;
  /** Defaults to the first in line. */
  job?: string;
}

export type AskedForTurn =
  | { world: World; events: NewEvent[]; job: string; holder: string }
  | { error: string };

export function askForTurn(world: World, asked: TurnRequest, sample: Sample, now: Now): AskedForTurn {
  const gpu = sample.gpus.find((one) => isGpu(one, asked.gpu));
  if (gpu === undefined)
    return { error: `There is no GPU ${asked.gpu}: ${sample.gpusUnavailable ?? "see supervisor status"}.` };
  const held = sample.claims?.find((claim) => claim.holds && claim.gpus.includes(gpu.uuid));
  if (held === undefined)
    return {
      error: `GPU ${gpu.index} isn't held by a supervised job of anybody else: there is nobody to ask.`,
    };
  const job = firstInLine(world, gpu, asked);
  if (job === undefined)
    return {
      error: `${asked.job === undefined ? "No job" : `'${asked.job}' isn't a job that`} waits for GPU ${gpu.index}: hand it over first (supervisor run).`,
    };
  const turn = { gpu: gpu.uuid, forMs: asked.forMs, askedAtMs: now.wallMs, by: asked.by };
  const holder = whose(held);
  const reason = `${asked.by} asks ${holder} for a turn of ${duration(asked.forMs)} on GPU ${gpu.index}.`;
  return {
    world: { ...world, jobs: { ...world.jobs, [job.name]: { ...job, turn } } },
    events: [
      {
        kind: "turn.requested",
        job: job.name,
        run: null,
        actor: "user",
        reason,
        evidence: { gpu: gpu.uuid, user: held.user, holder: held.job },
      },
    ],
    job: job.name,
    holder,
  };
}

/** Of our jobs that wait for this GPU: the named one, or the most important. */
function firstInLine(world: World, gpu: GpuSample, asked: TurnRequest): Job | undefined {
  const line = world.memory.line ?? {};
  const waiting = Object.values(world.jobs).filter(
    (job) =>
      runOf(job) === null &&
      line[job.name] !== undefined &&
      (asked.job === undefined || asked.job === job.name) &&
      (job.spec.gpuIds === undefined || job.spec.gpuIds.some((id) => isGpu(gpu, id))),
  );
  return waiting.sort((a, b) => b.spec.priority - a.spec.priority || since(line, a) - since(line, b))[0];
}

const since = (line: Readonly<Record<string, number>>, { name }: Job): number => line[name] ?? 0;
