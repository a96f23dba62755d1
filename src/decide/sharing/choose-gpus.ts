/**
 * Which GPUs a job can go to now: the freest ones that nobody else is on or in line for. Two jobs share
 * a GPU only when both may. Never a GPU in pressure; a held run stays where it is.
 */

import { isOnSlurm, type Job } from "../../model/job.ts";
import { type Claim, type GpuSample, isPlace, type Sample } from "../../model/machine.ts";
import type { Run } from "../../model/run.ts";
import { isReleased, runOf } from "../../model/state.ts";
import type { WaitingFor } from "../../model/why.ts";
import { list, plural } from "../../words/list.ts";
import { whose } from "../../words/sentences/whose.ts";
import type { TickInput } from "../tick-input.ts";
import { freeMiB, memoryWaits } from "./gpu-memory.ts";
import { before, claimWait, holderOf, type InLine } from "./line.ts";
import { isGpu, turnBefore } from "./turn-requests.ts";

export interface Placed {
  gpus: string[];
  waits: WaitingFor[];
  line?: InLine;
}

type Blocked = (gpu: string) => WaitingFor[];

/** How many GPUs a job gets; one, if there is one, unless its spec says otherwise. */
function gpuCount(job: Job, { sample }: TickInput): number {
  // Slurm places it.
  if (isOnSlurm(job)) return 0;
  const { spec } = job;
  const least = sample.gpus.some(isPlace) || sample.gpusExpected ? 1 : 0;
  return spec.gpuIds?.length ?? spec.gpus ?? least;
}

/** @param blocked what the rules of one GPU, by its UUID, hold against this job */
export function place(job: Job, input: TickInput, blocked: Blocked): Placed {
  const run = runOf(job);
  if (run !== null && isReleased(job.state)) return backOn(run, job, input, blocked);
  if (run !== null) return { gpus: run.gpus, waits: run.gpus.flatMap(blocked) };
  const count = gpuCount(job, input);
  if (count === 0) return { gpus: [], waits: [] };
  const rated = candidates(job, input).map((gpu) => rate(job, gpu, input, blocked));
  // Named GPUs are all required; otherwise the freest are taken.
  if (job.spec.gpuIds === undefined) rated.sort(freestFirst);
  const chosen = rated.slice(0, count);
  const missing = chosen.length < count ? [notThere(job, count, input)] : [];
  const open = rated.filter(({ own }) => own.length === 0);
  return {
    gpus: chosen.map(({ gpu }) => gpu.uuid),
    waits: [...chosen.flatMap(({ own, peers }) => [...own, ...peers]), ...missing],
    line:
      open.length >= count
        ? { gpus: open.map(({ gpu }) => gpu.uuid), waits: [] }
        : {
            gpus: rated.map(({ gpu }) => gpu.uuid),
            waits: [...chosen.flatMap(({ own }) => own), ...missing],
          },
  };
}

/** A server that has given its memory back returns to its own GPUs, once there is room for its model again. */
function backOn({ gpus }: Run, job: Job, input: TickInput, blocked: Blocked): Placed {
  const rated = input.sample.gpus
    .filter(({ uuid }) => gpus.includes(uuid))
    .map((gpu) => rate(job, gpu, input, blocked));
  const missing: WaitingFor[] =
    rated.length < gpus.length
      ? [
          {
            code: "sensor",
            text: `its GPU can't be read: ${input.sample.gpusUnavailable ?? "it isn't there"}`,
          },
        ]
      : [];
  return { gpus, waits: [...rated.flatMap(({ own, peers }) => [...own, ...peers]), ...missing] };
}

/** UUIDs of the GPUs that its config names; one that can't be seen stays as it is written. */
export const gpusNamed = ({ spec }: Pick<Job, "spec">, { gpus }: Pick<Sample, "gpus">): string[] =>
  (spec.gpuIds ?? []).map((id) => gpus.find((gpu) => isGpu(gpu, id))?.uuid ?? String(id));

/** Without `gpuIds` those of one maker, since a program is written for one; none while one isn't read yet. */
function candidates({ spec }: Job, { sample }: TickInput): GpuSample[] {
  if (spec.gpuIds === undefined) {
    const places = sample.gpusExpected ? [] : sample.gpus.filter(isPlace);
    return places.filter(({ device }) => device?.runtime === places[0]?.device?.runtime);
  }
  return spec.gpuIds.flatMap((id) => sample.gpus.find((gpu) => isGpu(gpu, id)) ?? []);
}

function notThere({ spec }: Job, count: number, { sample }: TickInput): WaitingFor {
  const ids = spec.gpuIds?.filter((id) => !sample.gpus.some((gpu) => isGpu(gpu, id)));
  const what = ids !== undefined ? `GPU ${ids.join(", ")}` : plural(count, "GPU");
  const why =
    sample.gpusUnavailable ??
    `${ids === undefined ? sample.gpus.filter(isPlace).length : sample.gpus.length} can be seen`;
  const integrated = sample.gpus.flatMap(({ integrated, index }) => (integrated ? index : []));
  const named =
    ids === undefined && integrated.length > 0
      ? `; GPU ${list(integrated)} is integrated, and taken only when "gpuIds" names it`
      : "";
  const way = spec.gpus === undefined && ids === undefined ? ` (if it needs none: "gpus": 0)` : "";
  return { code: "sensor", text: `needs ${what}: ${why}${named}${way}` };
}

interface Rated {
  gpu: GpuSample;
  /** What blocks it: the GPU and our own jobs on one side, other supervisors' on the other. */
  own: WaitingFor[];
  peers: WaitingFor[];
}

const freestFirst = (a: Rated, b: Rated): number =>
  a.own.length + a.peers.length - (b.own.length + b.peers.length) ||
  sharers(a) - sharers(b) ||
  (freeMiB(b.gpu) ?? 0) - (freeMiB(a.gpu) ?? 0) ||
  a.gpu.index - b.gpu.index;

const sharers = ({ gpu }: Rated): number => gpu.processes.length;

function rate(job: Job, gpu: GpuSample, input: TickInput, blocked: Blocked): Rated {
  const peers = claimsAgainst(job, gpu, input);
  return {
    gpu,
    own: [
      ...noWay(gpu),
      ...blocked(gpu.uuid),
      ...ownJobs(job, gpu, input),
      ...letPass(job, gpu, input),
      ...memoryWaits(job, gpu, input.now),
    ],
    peers: peers.length === 0 ? [] : [claimWait(job, gpu, peers, input)],
  };
}

/** Only for a GPU that `gpuIds` names. */
function noWay({ uuid: gpu, index, barred, device }: GpuSample): WaitingFor[] {
  if (barred !== undefined) return [{ code: "sensor", text: `GPU ${index} is out of reach: ${barred}`, gpu }];
  if (device !== undefined) return [];
  const text = `no program can be told to use GPU ${index}: its compute driver isn't loaded (/dev/kfd)`;
  return [{ code: "sensor", text, gpu }];
}

/** Holders first, then those that are ahead in line and could start about now. */
function claimsAgainst(job: Job, { uuid }: GpuSample, input: TickInput): Claim[] {
  const there = (input.sample.claims ?? []).filter(({ gpus }) => gpus.includes(uuid));
  return [...there.filter(({ holds }) => holds), ...before(job, there, input)];
}

function ownJobs(job: Job, gpu: GpuSample, { jobs }: TickInput): WaitingFor[] {
  const holder = Object.values(jobs).find(
    (other) =>
      other.name !== job.name &&
      !isReleased(other.state) &&
      (runOf(other)?.gpus.includes(gpu.uuid) ?? false) &&
      !(job.spec.shareGpu && other.spec.shareGpu),
  );
  if (holder === undefined) return [];
  return [{ code: "gpu-claimed", text: `GPU ${gpu.index} is held by '${holder.name}'`, gpu: gpu.uuid }];
}

/** Listed with our own obstacles, so that others learn that this job lets them pass. */
function letPass(job: Job, gpu: GpuSample, input: TickInput): WaitingFor[] {
  const turn = turnBefore(job, gpu.uuid, input);
  if (turn === null) return [];
  const by = holderOf(turn);
  const text = `GPU ${gpu.index} goes to ${whose(turn)} first, who has asked for a turn`;
  return [{ code: "gpu-claimed", text, gpu: gpu.uuid, by }];
}
