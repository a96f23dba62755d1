/**
 * Where a sample's window starts: no time is skipped, and what the guard has called for isn't diluted.
 * Covers: src/sense/others/recent-snapshots.ts.
 */
import { describe, expect, it } from "vitest";
import type { LiveRun } from "../../../src/ports/live-run.ts";
import type { CpuSnapshot } from "../../../src/sense/others/our-cpu.ts";
import { RecentSnapshots } from "../../../src/sense/others/recent-snapshots.ts";
import type { ProcessStat } from "../../../src/sense/proc/parse.ts";

const GUARD_EVERY_MS = 160;
const run: LiveRun = { id: "r", job: "j", launcherPid: 1, pid: 2, cpuCgroup: "/a" };
const cpu = { all: 0, processes: 0, nice: 0, interrupts: 0 };
const self: ProcessStat = {
  pid: 7,
  name: "supervisor",
  state: "S",
  parent: 1,
  group: 7,
  session: 7,
  kernel: false,
  own: 10,
  reaped: 0,
  nice: 0,
  threads: 1,
  startTime: 100,
  stack: 0,
};

const moment = (atMs: number, more: Partial<CpuSnapshot> = {}): CpuSnapshot => ({
  atMs,
  bootTicks: atMs / 10,
  cpu,
  cgroups: new Map([["r", 0]]),
  claimed: new Map(),
  trees: new Map(),
  own: new Map([[7, self]]),
  selfMs: 0,
  launchers: new Set([1]),
  ...more,
});

/** A sample every so often, and the guard's looks in between, up to the next sample's time. */
function watched(
  everyMs: number,
  samples: number,
  more: Partial<CpuSnapshot> = {},
): { moments: RecentSnapshots; nextMs: number } {
  const moments = new RecentSnapshots();
  for (let i = 0; i < samples; i++) {
    moments.add(moment(i * everyMs, more));
    for (let ms = GUARD_EVERY_MS; ms < everyMs; ms += GUARD_EVERY_MS)
      moments.add(moment(i * everyMs + ms, { ...more, own: null }));
  }
  return { moments, nextMs: samples * everyMs };
}

describe("a window", () => {
  it.each([500, 1000, 10_000, 60_000])(
    "begins at the sample before, %i ms ago, whatever the guard has looked at since",
    (everyMs) => {
      const { moments, nextMs } = watched(everyMs, 4);
      expect(moments.before(moment(nextMs), [run], false)?.atMs).toBe(nextMs - everyMs);
    },
  );

  it.each([1000, 10_000])(
    "of a run without a cgroup begins at the sample before, %i ms ago, even when the guard has called",
    (everyMs) => {
      const more = { cgroups: new Map(), trees: new Map([["r", new Map()]]) };
      const { moments, nextMs } = watched(everyMs, 4, more);
      for (const called of [false, true])
        expect(moments.before(moment(nextMs, more), [run], called)?.atMs).toBe(nextMs - everyMs);
    },
  );

  it("begins at the guard's last look but one when it has called", () => {
    const { moments } = watched(1000, 3);
    // The look that called is of the same moment as the sample: too near.
    const before = moments.before(moment(2961), [run], true);
    expect(before).toMatchObject({ atMs: 2800, own: null });
  });

  it("begins at the sample before, though the guard has called, when a helper process has lived", () => {
    const { moments } = watched(1000, 3);
    const helped = moment(2961, { own: new Map([[7, { ...self, reaped: self.reaped + 3 }]]) });
    expect(moments.before(helped, [run], true)?.atMs).toBe(2000);
  });

  it("of samples that come 20 ms apart is long enough to mean something", () => {
    const moments = new RecentSnapshots();
    for (let ms = 0; ms < 1000; ms += 20) moments.add(moment(ms));
    expect(moments.before(moment(1000), [run], false)?.atMs).toBe(900);
  });

  it("has no beginning at the first look", () => {
    expect(new RecentSnapshots().before(moment(0), [run], false)).toBeNull();
  });
});
