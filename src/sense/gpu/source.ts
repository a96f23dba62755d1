/**
 * Finds GPUs, has a process of its own read them, and attributes their use. Must never wait or throw: a
 * driver that hangs costs readings, not ticks.
 */
import type { Claim, GpuSample } from "../../model/machine.ts";
import type { Now } from "../../model/time.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import type { ProcessOwners } from "../owners/process-owners.ts";
import { GpuAttribution, type Ignoring } from "./attribute-gpu.ts";
import type { Where } from "./find.ts";
import { withinLimits } from "./inherited-limits.ts";
import { GpuReaders, type Read } from "./reader/readers.ts";

export interface GpusRead {
  gpus: GpuSample[];
  /** Why GPUs that are there are missing from `gpus`, or why it is empty; else null. */
  unavailable: string | null;
  /** There is a GPU on which jobs are placed by themselves, and it hasn't been read yet. */
  expected?: true;
  claims?: Claim[];
}

export interface GpuSource {
  /** Never throws, never waits. */
  read(now: Now, runs: LiveRun[]): GpusRead;
  close(): void;
}

export interface GpuOptions extends Where {
  owners: ProcessOwners;
  /** Read at every look, so a changed config applies at once. */
  settings: () => Ignoring & { pollSeconds: number };
  /** When our last run on each GPU began, in ticks since boot, from before this supervisor. */
  arrivals?: ReadonlyMap<string, number>;
  /** Whether parking was seen to work on a GPU with this version of its driver. */
  parks?: (gpu: string, driver: string | null, nowMs: number) => boolean;
  /** Claims of other supervisors; read only where there are GPUs. */
  claims?: () => Claim[];
}

/** GPUs are read once per poll, clamped to this range, in ms. */
const FASTEST_MS = 200;
const SLOWEST_MS = 1000;

/** A source without GPUs. */
export const noGpus = (reason = "GPUs aren't read"): GpuSource => ({
  read: () => ({ gpus: [], unavailable: reason }),
  close() {},
});

export function createGpuSource(options: GpuOptions): GpuSource {
  const { owners, settings, arrivals, env = process.env } = options;
  const readers = new GpuReaders({
    ...options,
    task: () => ({ paceMs: Math.min(SLOWEST_MS, Math.max(FASTEST_MS, settings().pollSeconds * 1000)) }),
  });
  const attributions = new Map<Read["source"], GpuAttribution>();
  const attributionOf = (source: Read["source"]): GpuAttribution => {
    const made = attributions.get(source) ?? new GpuAttribution(owners, source.blind, settings, arrivals);
    attributions.set(source, made);
    return made;
  };
  return {
    read({ monotonicMs }, runs) {
      const reads = readers.look(monotonicMs);
      const { missing } = readers;
      if (reads.length === 0) return { gpus: [], unavailable: missing };
      const claims = options.claims?.() ?? [];
      const first = readers.firstOther(reads);
      const gpus = reads.flatMap(({ source, watch, seen }) => {
        if ("unavailable" in seen) return [];
        const samples = attributionOf(source).samples(seen, runs, claims);
        const added = source.maker === "NVIDIA" ? 0 : first;
        const driver = watch.hello?.driver ?? null;
        return samples.map((gpu) => {
          const parks = options.parks?.(gpu.uuid, driver, monotonicMs) && { parks: true as const };
          return withinLimits({ ...gpu, index: gpu.index + added, ...parks }, env);
        });
      });
      const failed = reads.flatMap(({ seen }) => ("unavailable" in seen ? [seen.unavailable] : []));
      return {
        gpus,
        unavailable: [...failed, ...(missing === null ? [] : [missing])].join("; ") || null,
        ...(reads.some(({ source, seen }) => source.places && "unavailable" in seen) && {
          expected: true as const,
        }),
        claims,
      };
    },
    close() {
      readers.close();
      for (const attribution of attributions.values()) attribution.close();
      attributions.clear();
    },
  };
}
