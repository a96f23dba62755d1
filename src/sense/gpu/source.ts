/**
 * Finds GPUs, has a process of its own read them, and attributes their use. Must never wait or throw: a
 * driver that hangs costs readings, not ticks.
 */
import type { Claim, GpuSample } from "../../model/machine.ts";
import type { Now } from "../../model/time.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import type { ProcessOwners } from "../owners/process-owners.ts";
import { GpuAttribution, type Ignoring } from "./attribute-gpu.ts";
import { allAsleep, findGpus, type Where } from "./find.ts";
import { ReaderWatch } from "./reader-process.ts";

export interface GpusRead {
  gpus: GpuSample[];
  /** Why `gpus` is empty, else null. */
  unavailable: string | null;
  /** A driver is present. */
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
  let found: { watch: ReaderWatch; attribution: GpuAttribution } | null = null;
  let reason = "the search for GPUs hasn't started yet";
  let lookAtMs = Number.NEGATIVE_INFINITY;
  const look = (nowMs: number): void => {
    const gpus = findGpus(options);
    if (gpus.task === null) {
      reason = gpus.reason;
      lookAtMs = nowMs + gpus.lookAgainMs;
      return;
    }
    const paceMs = Math.min(SLOWEST_MS, Math.max(FASTEST_MS, options.settings().pollSeconds * 1000));
    // The GPU is awake now; restarting a failed reader must not wake it later.
    const watch = new ReaderWatch({ ...gpus.task, paceMs }, { asleep: () => allAsleep(options.root) });
    const { owners, settings, arrivals } = options;
    found = { watch, attribution: new GpuAttribution(owners, gpus.blind, settings, arrivals) };
  };
  return {
    read({ monotonicMs }, runs) {
      if (found === null && monotonicMs >= lookAtMs) look(monotonicMs);
      if (found === null) return { gpus: [], unavailable: reason };
      const report = found.watch.look(monotonicMs);
      const claims = options.claims?.() ?? [];
      if ("unavailable" in report)
        return { gpus: [], unavailable: report.unavailable, expected: true, claims };
      const gpus = found.attribution.samples(report, runs, claims);
      return { gpus, unavailable: null, expected: true, claims };
    },
    close() {
      found?.watch.close();
      found?.attribution.close();
      found = null;
    },
  };
}
