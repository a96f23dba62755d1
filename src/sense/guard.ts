/**
 * The fast guard: between samples it looks at as little as possible (/proc/stat, and the cgroups of
 * a few runs) and calls out as soon as others seem to use the CPU. It decides nothing: the sample
 * that follows does. Must stay near the cost of reading one file.
 */
import { clock } from "../clock.ts";
import type { LiveRun } from "../ports.ts";
import type { Machine } from "./machine.ts";
import type { Moments } from "./moments.ts";
import type { Moment, Ours } from "./ours.ts";

const EVERY_MS = 150;
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
    this.#timer ??= setInterval(() => this.#look(), EVERY_MS).unref();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    this.#last = null;
  }

  /** Whether the sample now being taken follows a call. */
  get called(): boolean {
    return this.#called;
  }

  /** A sample was taken: what it found, percent of the machine, for each run, for others, and for claimed jobs. */
  sampled(othersProven: number | null, runs: Map<string, number>, claimedPercent: number): void {
    if (this.#called && !(othersProven !== null && othersProven > this.#threshold)) this.#falseCalls += 1;
    this.#confirmed = othersProven !== null && othersProven > this.#threshold;
    this.#knownPercent = runs;
    this.#claimedPercent = claimedPercent;
    this.#called = false;
  }

  #look(): void {
    const cpu = this.#machine.cpuTimes();
    if ("unavailable" in cpu) return;
    const grouped = this.#runs.filter(({ cpuCgroup }) => cpuCgroup !== null);
    const followed = grouped.length <= MOST_CGROUPS ? grouped : [];
    const moment = this.#ours.look(cpu, followed, clock.now().monotonicMs, false);
    const last = this.#last;
    this.#last = moment;
    this.#moments.add(moment);
    const others = last && this.#othersPercent(last, moment);
    if (others === null || others <= this.#threshold) {
      // A burst that is over begins anew: the next one is called out at once.
      this.#confirmed = false;
      this.#falseCalls = 0;
      return;
    }
    this.#call(moment.atMs);
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
