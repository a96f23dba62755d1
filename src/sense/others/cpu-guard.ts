/**
 * Watches the CPU between samples: reads as little as possible (/proc/stat and the cgroups of a few runs)
 * and asks for a sample as soon as others seem to use the CPU. Decides nothing: the sample does. Must cost
 * little more than reading one file.
 */
import { monotonicMs } from "../../clock.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import type { Machine } from "../machine/machine.ts";
import { NEAREST_SCANS_MS } from "./attribute-cpu.ts";
import { claimedBetween } from "./claimed-cpu.ts";
import type { CpuWindow } from "./cpu-window.ts";
import type { CpuSnapshot, OurCpu } from "./our-cpu.ts";
import { GUARDS_WINDOW_MS, type RecentSnapshots } from "./recent-snapshots.ts";

/**
 * Nearly all of a look's cost is the wake-up, so a sample counts as a look, too, and with one a second there are
 * five in between. A load that starts late in a window shows as a small rise only: then the next look follows
 * soon, not a whole window later.
 */
const EVERY_MS = 166;
const SOON_MS = 60;
/** A rise is followed when it is at least this fraction of the threshold and this many percent, at most once per interval. */
const RISE = 0.2;
const LEAST_RISE = 5;
const RISES_EVERY_MS = 1000;
/** Next look after an unconfirmed call: as soon as a second scan can prove something. */
const PROOF_MS = NEAREST_SCANS_MS + 5;
/** With more cgroups than this, a look would exceed the guard's budget. */
const MOST_CGROUPS = 4;
/** Unconfirmed calls in a row before the guard backs off: then our own job is merely bursty. */
const MOST_FALSE = 4;
const REST_MS = 1000;

export class CpuGuard {
  readonly #machine: Machine;
  readonly #ours: OurCpu;
  readonly #snapshots: RecentSnapshots;
  #timer: NodeJS.Timeout | null = null;
  #threshold = 0;
  #runs: readonly LiveRun[] = [];
  #suspect: () => void = () => {};
  #last: CpuSnapshot | null = null;
  /** When the next look is due, as the clock of snapshots counts. */
  #dueMs = 0;
  #othersThen = 0;
  #roseAtMs = Number.NEGATIVE_INFINITY;
  /** What each run used in the last sample. */
  #known: Pick<CpuWindow, "runs" | "all"> | null = null;
  /** Percent of the machine of supervised jobs of other supervisors, which don't count as others. */
  #claimedPercent = 0;
  #called = false;
  #confirmed = false;
  #falseCalls = 0;
  #restUntilMs = 0;

  constructor(machine: Machine, ours: OurCpu, snapshots: RecentSnapshots) {
    this.#machine = machine;
    this.#ours = ours;
    this.#snapshots = snapshots;
  }

  set(threshold: number | null, runs: readonly LiveRun[], suspect: () => void): void {
    if (threshold === null) {
      this.stop();
      return;
    }
    this.#threshold = threshold;
    this.#runs = runs;
    this.#suspect = suspect;
    if (this.#timer === null) this.#lookIn(EVERY_MS);
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#last = null;
  }

  /** Looks at the snapshot of a sample. True where the sample is to cover only what a look has just seen. */
  sees(snapshot: CpuSnapshot): boolean {
    if (this.#timer === null) return false;
    // A sample that was called for comes a moment after the look.
    const isLook = this.#last === null || snapshot.atMs - this.#last.atMs >= GUARDS_WINDOW_MS;
    if (isLook) this.#dueMs = snapshot.atMs + this.#judge(snapshot);
    return this.#called;
  }

  /** Reports a sample. In percent of the machine: others, and claimed jobs. */
  sampled(
    othersProven: number | null,
    window: Pick<CpuWindow, "runs" | "all"> | null,
    claimedPercent: number,
  ): void {
    this.#confirmed = othersProven !== null && othersProven > this.#threshold;
    const isFalse = this.#called && !this.#confirmed;
    if (isFalse) this.#falseCalls += 1;
    if (this.#timer !== null) this.#lookIn(isFalse ? PROOF_MS : Math.max(1, this.#dueMs - monotonicMs()));
    this.#known = window;
    this.#claimedPercent = claimedPercent;
    this.#called = false;
  }

  #lookIn(ms: number): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#dueMs = monotonicMs() + ms;
    this.#timer = setTimeout(() => this.#lookIn(this.#look()), ms).unref();
  }

  /** Returns the time until the next look, in ms. */
  #look(): number {
    const cpu = this.#machine.cpuTimes();
    if ("unavailable" in cpu) return EVERY_MS;
    const grouped = this.#runs.filter(({ cpuCgroup }) => cpuCgroup !== null);
    const followed = grouped.length <= MOST_CGROUPS ? grouped : [];
    const snapshot = this.#ours.look(cpu, followed, monotonicMs(), false);
    this.#snapshots.add(snapshot);
    const wasCalled = this.#called;
    const nextMs = this.#judge(snapshot);
    if (this.#called && !wasCalled) this.#suspect();
    return nextMs;
  }

  /** Calls where others seem to use too much. Returns the time until the next look, in ms. */
  #judge(snapshot: CpuSnapshot): number {
    const last = this.#last;
    this.#last = snapshot;
    const others = last && this.#othersPercent(last, snapshot);
    const rise = (others ?? 0) - this.#othersThen;
    this.#othersThen = others ?? 0;
    if (others !== null && others > this.#threshold) {
      this.#call(snapshot.atMs);
      return EVERY_MS;
    }
    // The burst is over: call at once on the next one.
    this.#confirmed = false;
    this.#falseCalls = 0;
    const begins = last !== null && rise >= Math.max(LEAST_RISE, RISE * this.#threshold);
    if (!begins || snapshot.atMs - this.#roseAtMs < RISES_EVERY_MS) return EVERY_MS;
    this.#roseAtMs = snapshot.atMs;
    return SOON_MS;
  }

  #call(nowMs: number): void {
    // A confirmed burst needs no second call: samples keep coming while it lasts.
    if (this.#called || this.#confirmed || nowMs < this.#restUntilMs) return;
    if (this.#falseCalls >= MOST_FALSE) {
      this.#falseCalls = 0;
      this.#restUntilMs = nowMs + REST_MS;
      return;
    }
    this.#called = true;
  }

  /** Percent of the machine; runs without a readable cgroup, and claimed jobs, count as in the last sample. */
  #othersPercent(before: CpuSnapshot, after: CpuSnapshot): number | null {
    const all = after.cpu.all - before.cpu.all;
    if (all <= 0) return null;
    const claimedMs = claimedBetween(before.claimed, after.claimed);
    let oursMs = after.selfMs - before.selfMs + (claimedMs ?? 0);
    let oursPercent = claimedMs === null ? this.#claimedPercent : 0;
    for (const { id } of this.#runs) {
      const ms = after.cgroups.get(id);
      const earlier = before.cgroups.get(id);
      if (ms !== undefined && earlier !== undefined) oursMs += ms - earlier;
      else if (this.#known !== null) oursPercent += (100 * (this.#known.runs.get(id) ?? 0)) / this.#known.all;
    }
    const processes = after.cpu.processes - before.cpu.processes;
    return (100 * (processes - oursMs / 10)) / all - oursPercent;
  }
}
