/**
 * The fast guard: between samples it looks at as little as possible (/proc/stat, and the cgroups of
 * a few runs) and calls out as soon as others seem to use the CPU. It decides nothing: the sample
 * that follows does. Must stay near the cost of reading one file.
 */
import { monotonicMs } from "../../clock.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import type { Machine } from "../machine/machine.ts";
import { NEAREST_SCANS_MS } from "./attribute-cpu.ts";
import type { Moments } from "./moments.ts";
import type { Moment, Ours } from "./our-cpu.ts";

/**
 * Nearly all that a look costs is waking up for it. A load that began late in a look's window shows in it
 * as a small rise only: the next look comes at once then, instead of a whole window later.
 */
const EVERY_MS = 160;
const SOON_MS = 60;
/** Such a rise is at least this part of the threshold, and so many percent; at most one in so many ms is followed. */
const RISE = 0.2;
const LEAST_RISE = 5;
const RISES_EVERY_MS = 1000;
/** After a call that wasn't confirmed: as soon as a second scan can prove something. */
const PROOF_MS = NEAREST_SCANS_MS + 5;
/** Reading more cgroups than this would cost more than the guard may. */
const MOST_CGROUPS = 4;
/** Calls in a row that no sample has confirmed; then it rests, since our own job is only restless. */
const MOST_FALSE = 4;
const REST_MS = 1000;

export class Guard {
  readonly #machine: Machine;
  readonly #ours: Ours;
  readonly #moments: Moments;
  #timer: NodeJS.Timeout | null = null;
  #threshold = 0;
  #runs: readonly LiveRun[] = [];
  #suspect: () => void = () => {};
  #last: Moment | null = null;
  #othersThen = 0;
  #roseAtMs = Number.NEGATIVE_INFINITY;
  /** Percent of the machine that runs used in the last sample, by run id. */
  #knownPercent = new Map<string, number>();
  /** The same of supervised jobs of other supervisors, which aren't others. */
  #claimedPercent = 0;
  #called = false;
  #confirmed = false;
  #falseCalls = 0;
  #restUntilMs = 0;

  constructor(machine: Machine, ours: Ours, moments: Moments) {
    this.#machine = machine;
    this.#ours = ours;
    this.#moments = moments;
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

  /** Whether the sample now being taken follows a call. */
  get called(): boolean {
    return this.#called;
  }

  /** A sample was taken: what it found, percent of the machine, for each run, for others, and for claimed jobs. */
  sampled(othersProven: number | null, runs: Map<string, number>, claimedPercent: number): void {
    this.#confirmed = othersProven !== null && othersProven > this.#threshold;
    if (this.#called && !this.#confirmed) {
      this.#falseCalls += 1;
      if (this.#timer !== null) this.#lookIn(PROOF_MS);
    }
    this.#knownPercent = runs;
    this.#claimedPercent = claimedPercent;
    this.#called = false;
  }

  #lookIn(ms: number): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lookIn(this.#look()), ms).unref();
  }

  /** Gives the time until the next one. */
  #look(): number {
    const cpu = this.#machine.cpuTimes();
    if ("unavailable" in cpu) return EVERY_MS;
    const grouped = this.#runs.filter(({ cpuCgroup }) => cpuCgroup !== null);
    const followed = grouped.length <= MOST_CGROUPS ? grouped : [];
    const moment = this.#ours.look(cpu, followed, monotonicMs(), false);
    const last = this.#last;
    this.#last = moment;
    this.#moments.add(moment);
    const others = last && this.#othersPercent(last, moment);
    const rise = (others ?? 0) - this.#othersThen;
    this.#othersThen = others ?? 0;
    if (others !== null && others > this.#threshold) {
      this.#call(moment.atMs);
      return EVERY_MS;
    }
    // A burst that is over begins anew: the next one is called out at once.
    this.#confirmed = false;
    this.#falseCalls = 0;
    const begins = last !== null && rise >= Math.max(LEAST_RISE, RISE * this.#threshold);
    if (!begins || moment.atMs - this.#roseAtMs < RISES_EVERY_MS) return EVERY_MS;
    this.#roseAtMs = moment.atMs;
    return SOON_MS;
  }

  #call(nowMs: number): void {
    // What a sample has confirmed needs no second call: from there on samples come by themselves.
    if (this.#called || this.#confirmed || nowMs < this.#restUntilMs) return;
    if (this.#falseCalls >= MOST_FALSE) {
      this.#falseCalls = 0;
      this.#restUntilMs = nowMs + REST_MS;
      return;
    }
    this.#called = true;
    this.#suspect();
  }

  /** Percent of the machine; runs that aren't followed are taken to go on as in the last sample. */
  #othersPercent(before: Moment, after: Moment): number | null {
    const all = after.cpu.all - before.cpu.all;
    if (all <= 0) return null;
    let oursMs = after.selfMs - before.selfMs;
    let oursPercent = this.#claimedPercent;
    for (const { id } of this.#runs) {
      const ms = after.cgroups.get(id);
      const earlier = before.cgroups.get(id);
      if (ms !== undefined && earlier !== undefined) oursMs += ms - earlier;
      else oursPercent += this.#knownPercent.get(id) ?? 0;
    }
    const processes = after.cpu.processes - before.cpu.processes;
    return (100 * (processes - oursMs / 10)) / all - oursPercent;
  }
}
