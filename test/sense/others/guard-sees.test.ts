/**
 * A sample counts as one of the guard's looks.
 * Covers: src/sense/others/cpu-guard.ts.
 */
import { describe, expect, it, vi } from "vitest";
import { Machine } from "../../../src/sense/machine/machine.ts";
import { CpuGuard } from "../../../src/sense/others/cpu-guard.ts";
import type { CpuSnapshot, OurCpu } from "../../../src/sense/others/our-cpu.ts";
import { RecentSnapshots } from "../../../src/sense/others/recent-snapshots.ts";

describe("a sample as a look of the guard", () => {
  /** `ticks`: of processes, of all processors. */
  const at = (atMs: number, ticks: number): CpuSnapshot => ({
    atMs,
    bootTicks: atMs / 10,
    cpu: { processes: ticks, nice: 0, interrupts: 0, all: atMs / 5 },
    cgroups: new Map(),
    claimed: new Map(),
    trees: new Map(),
    own: new Map(),
    selfMs: 0,
    launchers: new Set(),
  });

  it("covers what others have used since the look before, and calls nobody", () => {
    const suspect = vi.fn();
    const guard = new CpuGuard(new Machine(), {} as OurCpu, new RecentSnapshots());
    try {
      expect(guard.sees(at(1000, 0))).toBe(false);
      guard.set(30, [], suspect);
      expect(guard.sees(at(2000, 0))).toBe(false);
      guard.sampled(0, null, 0);
      // 20 ms of a burst are too few ticks to judge.
      expect(guard.sees(at(2020, 4))).toBe(false);
      guard.sampled(0, null, 0);
      // Half of what there was since the last look.
      expect(guard.sees(at(2160, 16))).toBe(true);
      guard.sampled(50, null, 0);
      // Confirmed: a sample covers all since the one before again.
      expect(guard.sees(at(2320, 32))).toBe(false);
      expect(suspect).not.toHaveBeenCalled();
    } finally {
      guard.stop();
    }
  });
});
