/**
 * The memory of a GPU: what is free, who holds it, and what a job that is to go there needs of it. A figure
 * that isn't told holds back only what the config asks for. Pure.
 */

import type { Job } from "../../model/job.ts";
import type { GpuProcess, GpuSample, ProcessEvidence } from "../../model/machine.ts";
import { runOf } from "../../model/state.ts";
import type { Now } from "../../model/time.ts";
import type { WaitingFor } from "../../model/why.ts";
import { processes } from "../../words/sentences/process.ts";
import { size } from "../../words/size.ts";
import { gpuMemoryOf, needOf } from "../learned.ts";
import { sure } from "../starts/room.ts";

/** What a job needs and this GPU hasn't free, or others hold since it ran out of it. */
export function memoryWaits(job: Job, gpu: GpuSample, now: Now): WaitingFor[] {
  const waits: WaitingFor[] = [];
  const shortage = job.gpuShortage?.othersMiB;
  const there = beside(gpu, null);
  if (shortage !== undefined && there.heldMiB >= shortage) {
    const text = `it has run out of memory on a GPU while others held ${size(shortage)}; on GPU ${gpu.index} ${whoIsBeside(there)}`;
    waits.push({ code: "gpu-shortage", text, gpu: gpu.uuid, processes: there.processes });
  }
  const parked = job.state.name === "frozen" ? job.state.parked : undefined;
  if (parked !== undefined)
    return [...waits, ...askedWait(roomForParkedMiB(parked.heldMiB, mostMiB(gpu)), gpu)];
  // How much it has is told once the job has woken it.
  const asked = gpu.asleep ? undefined : job.spec.gpuMemoryMiB;
  return [
    ...waits,
    ...(asked === undefined ? learnedWait(job, gpu, now) : askedWait(asked - keptMiB(job, gpu), gpu)),
  ];
}

/** What VRAM that comes back must find free beyond what was held: its pieces may not fit into the same gaps. */
const PARKED_MARGIN = 0.05;
const PARKED_MARGIN_MIB = 256;

/** What others that are always there may have of a GPU that counts as empty: a display, the driver's own. */
const EMPTY_MIB = 64;

/**
 * @param mostMiB all that programs can have of the GPU: what held nearly all of it comes back to one that is as good as
 * empty, as does what was reckoned to have held more.
 */
export function roomForParkedMiB(heldMiB: number, mostMiB = Number.POSITIVE_INFINITY): number {
  const asked = heldMiB + Math.max(PARKED_MARGIN_MIB, heldMiB * PARKED_MARGIN);
  const empty = mostMiB - EMPTY_MIB;
  return heldMiB > mostMiB ? empty : Math.max(heldMiB, Math.min(asked, empty));
}

/** What a released server of it still holds there is part of what it needs. */
function keptMiB(job: Job, gpu: GpuSample): number {
  const id = runOf(job)?.id;
  return id === undefined ? 0 : heldMiB(gpu.processes.filter(({ ours }) => ours === id));
}

/** By its config: a figure that isn't told holds it back. */
function askedWait(need: number, gpu: GpuSample): WaitingFor[] {
  const free = freeMiB(gpu);
  if (free === null) return [untold(gpu, need)];
  if (free >= need) return [];
  const text = `needs ${size(need)} on GPU ${gpu.index}, ${size(free)} free${heldBy(gpu)}`;
  return [{ code: "gpu-memory", text, gpu: gpu.uuid, processes: othersOn(gpu) }];
}

/** As learned: a help where there is a figure to hold it against, on a GPU that could ever hold as much. */
function learnedWait(job: Job, gpu: GpuSample, now: Now): WaitingFor[] {
  const need = needOf(gpuMemoryOf(job.learned), job, now);
  const free = freeMiB(gpu);
  if (need === null || free === null || need.value > mostMiB(gpu)) return [];
  if (free >= need.value - keptMiB(job, gpu)) return [];
  const { untilMs } = need;
  const text = `needs ${sure(need, size)} on GPU ${gpu.index}, ${size(free)} free${heldBy(gpu)}`;
  const until = untilMs !== undefined && { untilMs };
  return [{ code: "footprint", text, gpu: gpu.uuid, processes: othersOn(gpu), ...until }];
}

/** All that programs can have of it; infinite where that isn't told. */
export function mostMiB(gpu: GpuSample): number {
  const { memoryTotalMiB: total, memoryUsedMiB: used } = gpu;
  const free = freeMiB(gpu);
  const all = "value" in used && free !== null ? free + used.value : Number.POSITIVE_INFINITY;
  return Math.min(all, "value" in total ? total.value : Number.POSITIVE_INFINITY);
}

function heldBy(gpu: GpuSample): string {
  const others = othersOn(gpu);
  return others.length === 0 ? "" : `; ${whoHolds(others)}`;
}

function untold(gpu: GpuSample, need: number): WaitingFor {
  const free = gpu.metrics["gpu.memory.freeMiB"];
  const why = "unavailable" in free ? `: ${free.unavailable}` : "";
  const text = `its gpuMemoryMiB asks for ${size(need)}, but the free memory of GPU ${gpu.index} is unknown${why}`;
  return { code: "sensor", text, gpu: gpu.uuid };
}

/** Processes that aren't ours, the largest memory users first. */
export const othersOn = ({ processes: all }: GpuSample): GpuSample["processes"] =>
  all.filter(({ ours }) => ours === null).sort((a, b) => (b.gpuMemoryMiB ?? 0) - (a.gpuMemoryMiB ?? 0));

export const heldMiB = (all: ProcessEvidence[]): number =>
  all.reduce((sum, { gpuMemoryMiB = 0 }) => sum + gpuMemoryMiB, 0);

function whoHolds(others: ProcessEvidence[]): string {
  const who = processes(others.slice(0, 1)) ?? "nobody known";
  const more = others.length > 1 ? `, all others together ${size(heldMiB(others))}` : "";
  return `${who} holds ${size(others[0]?.gpuMemoryMiB ?? 0)}${more}`;
}

/** Less than this is what the driver itself and its contexts take, in MiB and as a share of the whole. */
const UNSEEN_MIB = 1024;
const UNSEEN_SHARE = 0.1;

export interface Beside {
  /** The largest holders first. */
  processes: GpuProcess[];
  /** All that is held, and how much of it by nobody that is listed. */
  heldMiB: number;
  unseenMiB: number;
}

/** What is held on a GPU beside a run: by whomever the driver lists, alive or not, and by nobody that it lists. */
export function beside(
  { processes: all, memoryUsedMiB: used, memoryTotalMiB: total }: GpuSample,
  run: string | null,
): Beside {
  const processes = all
    .filter(({ ours }) => run === null || ours !== run)
    .sort((a, b) => (b.gpuMemoryMiB ?? 0) - (a.gpuMemoryMiB ?? 0));
  const told =
    all.every(({ gpuMemoryMiB }) => gpuMemoryMiB !== undefined) && "value" in used && "value" in total;
  const rest = told ? used.value - heldMiB(all) : 0;
  const unseenMiB = told && rest >= Math.max(UNSEEN_MIB, total.value * UNSEEN_SHARE) ? rest : 0;
  return { processes, heldMiB: heldMiB(processes) + unseenMiB, unseenMiB };
}

function whoIsBeside({ processes, unseenMiB }: Beside): string {
  const unseen = unseenMiB === 0 ? "" : `${size(unseenMiB)} are held by nobody that is listed`;
  if (processes.length === 0) return unseen || "nobody known holds any";
  return `${whoHolds(processes)}${unseen === "" ? "" : `, and ${unseen}`}`;
}

/** As the driver tells it; null where it doesn't. */
export function freeMiB({ metrics }: GpuSample): number | null {
  const free = metrics["gpu.memory.freeMiB"];
  return "value" in free ? free.value : null;
}
