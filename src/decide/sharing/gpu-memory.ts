/**
 * The memory of a GPU: what is free, who holds it, and what a job that is to go there needs of it. A figure
 * that isn't told holds back only what the config asks for. Pure.
 */
import type { WaitingFor } from "../../model/decision.ts";
import type { Job } from "../../model/job.ts";
import type { GpuProcess, GpuSample, ProcessEvidence } from "../../model/machine.ts";
import { runOf } from "../../model/state.ts";
import { processes } from "../../words/process.ts";
import { size } from "../../words/size.ts";

/** What a job needs and this GPU hasn't free, or others hold since it ran out of it. */
export function memoryWaits(job: Job, gpu: GpuSample): WaitingFor[] {
  const waits: WaitingFor[] = [];
  const shortage = job.gpuShortage?.othersMiB;
  const others = othersOn(gpu);
  const there = beside(gpu, null);
  if (shortage !== undefined && there.heldMiB >= shortage) {
    const text = `it has run out of memory on a GPU while others held ${size(shortage)}; on GPU ${gpu.index} ${whoIsBeside(there)}`;
    waits.push({ code: "gpu-shortage", text, gpu: gpu.uuid, processes: there.processes });
  }
  const need = moreNeeded(job, gpu);
  const free = freeMiB(gpu);
  if (need === undefined) return waits;
  if (free === null) {
    // What was learned is a help where there is a figure to hold it against, and no more.
    if (job.spec.gpuMemoryMiB !== undefined) waits.push(untold(gpu, need));
  } else if (free < need) {
    const holds = others.length === 0 ? "" : `; ${whoHolds(others)}`;
    const text = `needs ${size(need)} on GPU ${gpu.index}, ${size(free)} free${holds}`;
    waits.push({ code: "gpu-memory", text, gpu: gpu.uuid, processes: others });
  }
  return waits;
}

/** What a released server still holds there is part of what it needs. */
function moreNeeded(job: Job, gpu: GpuSample): number | undefined {
  const whole = job.spec.gpuMemoryMiB ?? learnedNeed(job, gpu);
  const id = runOf(job)?.id;
  return whole === undefined || id === undefined
    ? whole
    : Math.max(0, whole - heldMiB(gpu.processes.filter(({ ours }) => ours === id)));
}

/** As last seen; it says nothing of a GPU that could never hold as much. */
function learnedNeed({ learned }: Job, gpu: GpuSample): number | undefined {
  const { memoryTotalMiB: total, memoryUsedMiB: used } = gpu;
  const free = freeMiB(gpu);
  const all = free !== null && "value" in used ? free + used.value : Number.POSITIVE_INFINITY;
  const most = Math.min(all, "value" in total ? total.value : Number.POSITIVE_INFINITY);
  const need = learned.gpuMemoryMiB;
  return need === undefined || need > most ? undefined : need;
}

function untold(gpu: GpuSample, need: number): WaitingFor {
  const free = gpu.metrics["gpu.memory.freeMiB"];
  const why = "unavailable" in free ? `: ${free.unavailable}` : "";
  const text = `its gpuMemoryMiB asks for ${size(need)}, and how much of GPU ${gpu.index} is free can't be told${why}`;
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
