/**
 * Keeps the memory shares of runs and of others between ticks: measuring them costs a read for each process
 * of ours, so they are measured as rarely as the machine's memory changes.
 */
import type { LiveRun } from "../../ports/live-run.ts";
import type { CpuSnapshot } from "../others/our-cpu.ts";
import { KeptFiles } from "../proc/kept-file.ts";
import { type MemoryShares, shareMemory, stillHeld } from "./memory-use.ts";

/** Interval between per-process memory reads, in ms: every other tick at 1 Hz. */
const MEASURE_EVERY_MS = 1900;
/** While the machine's use stays within this fraction of the last measurement, shares hold this long, in ms. */
const STEADY = 0.01;
const STEADY_EVERY_MS = 9900;

export class MemorySensor {
  readonly #files = new KeptFiles();
  #shares: MemoryShares | null = null;
  #measuredAtMs = Number.NEGATIVE_INFINITY;
  #usedMiBThen = Number.NaN;

  /** `usedMiB`: the machine's use, read just before: readings of two moments would show growth of ours as others'. */
  read(runs: LiveRun[], snapshot: CpuSnapshot | null, usedMiB: number | null, atMs: number): MemoryShares {
    const shares = this.#shares;
    const changed = runs.some(({ id }) => !shares?.runs.has(id)) || shares?.runs.size !== runs.length;
    const steady = usedMiB !== null && Math.abs(usedMiB - this.#usedMiBThen) < STEADY * usedMiB;
    const ageMs = atMs - this.#measuredAtMs;
    if (snapshot && (!shares || changed || ageMs >= (steady ? STEADY_EVERY_MS : MEASURE_EVERY_MS))) {
      this.#shares = shareMemory(runs, snapshot, usedMiB, this.#files);
      this.#files.sweep();
      this.#measuredAtMs = atMs;
      this.#usedMiBThen = usedMiB ?? Number.NaN;
    } else if (shares && steady) this.#shares = stillHeld(shares, atMs);
    return this.#shares ?? { runs: new Map(), othersMiB: { unavailable: "processes can't be read" } };
  }

  close(): void {
    this.#files.close();
  }
}
