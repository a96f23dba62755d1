/**
 * CPU use of others: what is proven (`value`) and what it might be at most (`upTo`). With every run
 * in a cgroup the remainder is proof; else, or beside supervised jobs of other supervisors, which aren't
 * others, only foreign processes seen in two scans are. Scans are taken only while others seem to use
 * something, and within a budget of CPU time.
 */
import { elapsedMs } from "../../clock.ts";
import type { Claim, ProcessEvidence, Reading } from "../../model/machine.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import { runOf } from "../owners/owner.ts";
import type { ProcessOwners } from "../owners/process-owners.ts";
import type { Moment, Ours, Window } from "./our-cpu.ts";
import { greediest, type Proof, prove, runningNow } from "./prove.ts";
import { type Scan, type ScanAt, scan } from "./scan.ts";

export interface OthersUse {
  others: Reading;
  othersWithoutNice: Reading;
  foreign: ProcessEvidence[];
  /** Percent of the machine that supervised jobs of other supervisors used. */
  claimedPercent: number;
}

/** Percent of the machine from which on it is worth looking: for proof, and for names alone. */
const WORTH_PROVING = 5;
const WORTH_NAMING = 10;
/** Two scans nearer than this prove little, farther apart than that nothing about now; in ms. */
export const NEAREST_SCANS_MS = 100;
const FARTHEST_MS = 5000;
/** The next scan waits for so many times the cost of the last: 4 % of a core for proof, 0.5 % for names. */
const REST_PROVING = 25;
const REST_NAMING = 200;
/** Names alone are renewed no more often than this, in ms, unless the guard has seen something new. */
const NAMES_LAST_MS = 5000;

export class Others {
  readonly #owners: ProcessOwners;
  readonly #ours: Ours;
  readonly #claims: () => readonly Claim[];
  #last: Scan | null = null;
  #proof: Proof | null = null;
  #foreign: ProcessEvidence[] = [];
  #costMs = 0;
  /** Percent of the machine that wasn't ours at the last scan. */
  #restThen = 0;

  /**
   * `ours` is told what a scan has found of runs: processes outside their tree or their cgroup. `claims`
   * of other supervisors are asked for when there is a scan.
   */
  constructor(owners: ProcessOwners, ours: Ours, claims: () => readonly Claim[] = () => []) {
    this.#owners = owners;
    this.#ours = ours;
    this.#claims = claims;
  }

  /**
   * Gets to know who is there, so that the first scan that somebody waits for needn't read every process's
   * environment: that takes five times as long as any later one.
   */
  meet(moment: Moment, runs: readonly LiveRun[]): void {
    scan(this.#owners, runs, atOf(moment), this.#claims());
  }

  /** `suspected`: the guard has seen a burst that the window may be too long to show. */
  judge(window: Window, moment: Moment, runs: readonly LiveRun[], suspected: boolean): OthersUse {
    const percent = (ticks: number): number => Math.min(100, Math.max(0, (100 * ticks) / window.all));
    const rest = Math.max(0, window.processes - window.ours);
    const remainder = percent(rest + window.interrupts);
    const worth = suspected || remainder >= (window.certain ? WORTH_NAMING : WORTH_PROVING);
    const claims = worth ? this.#claims() : [];
    // Asked for at every look: beside a job of theirs that began since the last scan the remainder proves nothing.
    const alone = !claims.some(({ pids }) => pids.length > 0);
    if (worth) {
      const pauseMs = this.#pause(window.certain && alone, percent(rest), suspected);
      this.#look(moment, runs, claims, pauseMs, percent(rest));
    } else this.#forget();
    const proof = this.#proof;
    const escaped = runs.some(({ id }) => this.#last?.escaped.has(id));
    const certain = window.certain && alone && !escaped;
    const part = (ticks: number): number => (proof ? Math.min(100, (100 * ticks) / proof.all) : 0);
    // Kernel threads work for anybody: encrypting what our own job writes isn't somebody else's need.
    const proven = certain
      ? Math.max(0, percent(rest) - part(proof?.kernel ?? 0))
      : Math.min(percent(rest), part(proof?.foreign ?? 0));
    const provenNotNice = certain
      ? Math.max(0, proven - percent(window.nice))
      : Math.min(proven, part(proof?.foreignNotNice ?? 0));
    // Of two scans, so not exactly of this window: a rest is doubt, which holds back and never pauses.
    const claimedPercent = Math.min(remainder, part(proof?.claimed ?? 0));
    const upTo = remainder - claimedPercent;
    const upToNotNice = Math.min(upTo, percent(window.processes - window.nice + window.interrupts));
    const read = (value: number, most: number): Reading => ({
      value,
      upTo: Math.max(value, most),
      atMs: moment.atMs,
    });
    return {
      others: read(proven, upTo),
      othersWithoutNice: read(provenNotNice, upToNotNice),
      foreign: this.#foreign,
      claimedPercent,
    };
  }

  /** How old the last scan must be before the next, in ms. */
  #pause(certain: boolean, restPercent: number, suspected: boolean): number {
    // The second scan comes as soon as it can: until then nothing is proven.
    if (this.#proof === null || suspected) return NEAREST_SCANS_MS;
    if (!certain) return Math.max(NEAREST_SCANS_MS, REST_PROVING * this.#costMs);
    // Something new: whose it is should be known before it counts.
    if (restPercent > this.#restThen + WORTH_NAMING) return NEAREST_SCANS_MS;
    return Math.max(NAMES_LAST_MS, REST_NAMING * this.#costMs);
  }

  #look(
    moment: Moment,
    runs: readonly LiveRun[],
    claims: readonly Claim[],
    pauseMs: number,
    restPercent: number,
  ): void {
    const last = this.#last;
    const age = last ? moment.atMs - last.atMs : Number.POSITIVE_INFINITY;
    if (age < pauseMs) return;
    const began = elapsedMs();
    const seen = scan(this.#owners, runs, atOf(moment), claims);
    for (const [pid, owner] of seen.owners) {
      const run = runOf(owner);
      const stat = run !== null && seen.table.get(pid);
      if (stat) this.#ours.adopt(run, stat);
    }
    for (const run of seen.escaped) this.#ours.distrustCgroup(run);
    const comparable = last !== null && age <= Math.max(FARTHEST_MS, 2 * pauseMs);
    this.#proof = comparable && seen.cpuAll > last.cpuAll ? prove(last, seen) : null;
    this.#foreign = this.#proof ? greediest(seen, this.#proof) : runningNow(seen);
    this.#last = seen;
    this.#restThen = restPercent;
    this.#costMs = elapsedMs() - began;
  }

  /** Nothing to see: the last scan may still serve as the first of a pair, the proof is over. */
  #forget(): void {
    this.#proof = null;
    this.#foreign = [];
  }
}

const atOf = ({ atMs, bootTicks, cpu, trees }: Moment): ScanAt => ({
  atMs,
  bootTicks,
  cpuAll: cpu.all,
  trees,
});
