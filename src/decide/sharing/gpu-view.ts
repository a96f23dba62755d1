/** What the last sample shows of one run's GPUs: what the run still holds on them, and who else is there. */

import type { GpuSample, Sample } from "../../model/machine.ts";
import type { Run } from "../../model/run.ts";
import type { GpuView } from "../../model/seen.ts";
import { list } from "../../words/list.ts";
import { whose } from "../../words/sentences/whose.ts";
import { beside, freeMiB, mostMiB } from "./gpu-memory.ts";
import { whyUnparkable } from "./parkable.ts";

/** Null for a run that was given no GPU and isn't seen on any. */
export function gpuView({ id, gpus }: Pick<Run, "id" | "gpus">, sample: Sample): GpuView | null {
  if (gpus.length === 0 && sample.gpus.length === 0) return null;
  const there = sample.gpus.filter(
    ({ uuid, processes }) => gpus.includes(uuid) || processes.some(({ ours }) => ours === id),
  );
  if (gpus.length === 0 && there.length === 0) return null;
  const missing = gpus.find((uuid) => !there.some((gpu) => gpu.uuid === uuid));
  // Whose memory it is can be told wherever the processes can be, whether or not the GPU tells its own figures.
  const listed = there.map(({ metrics }) => metrics["gpu.others.memoryMiB"]);
  const blind = listed.flatMap((reading) => ("value" in reading ? [] : [reading.unavailable]));
  const free = there.map(freeMiB);
  const most = there.map(mostMiB).reduce((sum, one) => sum + one, 0);
  const [crowded] = there.map((gpu) => beside(gpu, id)).sort((a, b) => b.heldMiB - a.heldMiB);
  return {
    atMs: Math.min(
      ...listed.map((reading) => ("value" in reading ? reading.atMs : Number.NEGATIVE_INFINITY)),
    ),
    unavailable:
      missing === undefined ? (blind[0] ?? null) : (sample.gpusUnavailable ?? "the GPU isn't reported"),
    name: `GPU ${list(there.map(({ index }) => index))}`,
    freeMiB: free.every((one) => one !== null) ? free.reduce((sum, one) => sum + one, 0) : null,
    ...(Number.isFinite(most) && { mostMiB: most }),
    entries: there.flatMap(({ processes }) => processes.filter(({ ours }) => ours === id)),
    othersMiB: crowded?.heldMiB ?? 0,
    others: crowded?.processes ?? [],
    ...unparkableOn(there),
    ...(there.length === 1 && there[0]?.parks && { parks: true as const }),
    ...takenOf(sample, gpus),
  };
}

function unparkableOn(there: GpuSample[]): Pick<GpuView, "unparkable"> {
  const unparkable =
    there.length > 1 ? "it is on several GPUs" : there.map(whyUnparkable).find((why) => why !== null);
  return unparkable ? { unparkable } : {};
}

function takenOf({ claims = [] }: Sample, gpus: string[]): Pick<GpuView, "takenBy"> {
  const rival = claims.find(({ holds, gpus: theirs }) => holds && theirs.some((gpu) => gpus.includes(gpu)));
  return rival === undefined ? {} : { takenBy: whose(rival) };
}
