/**
 * Attributes CPU use to others: what is proven (`value`) and the most it may be (`upTo`). With every run in
 * a cgroup the remainder is proof, less what supervised jobs of other supervisors use, which don't count as
 * others. Where a run or such a job can't be followed, only foreign processes seen in two scans are, or, where
 * other users' processes are hidden, the remainder less a margin. Scans only while others seem to use the CPU, within a budget of CPU time.
 */
import type { Claim, Looked, ProcessEvidence, Reading } from "../../model/machine.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import { runOf } from "../owners/owner.ts";
import type { ProcessOwners } from "../owners/process-owners.ts";
import { hiddenUsers } from "../proc/hidden-users.ts";
import type { ClaimedCpu } from "./claimed-cpu.ts";
import type { CpuWindow } from "./cpu-window.ts";
import { HiddenUse, howTold, lessMargin } from "./hidden-use.ts";
import type { CpuSnapshot, OurCpu } from "./our-cpu.ts";
import { evidenceBetween, runningProcesses, type ScanEvidence, topConsumers } from "./scan-evidence.ts";
import { type ProcessScan, type ScanAt, scanProcesses } from "./scan-processes.ts";

export interface OthersUse {
  others: Reading;
  othersWithoutNice: Reading;
  foreign: ProcessEvidence[];
  looked?: Looked;
  /** Percent of the machine that supervised jobs of other supervisors used. */
  claimedPercent: number;
}

/** `certain`: the remainder is others'. `doubt`: why what hidden processes use can't be told, or null. */
interface Proof {
  certain: boolean;
  doubt: string | null;
}

/** Percent of the machine that makes a scan worthwhile: for proof, and for names alone. */
const WORTH_PROVING = 5;
const WORTH_NAMING = 10;
/** Scans closer together than this prove little; scans farther apart say nothing about now. In ms. */
export const NEAREST_SCANS_MS = 100;
const FARTHEST_MS = 5000;
/** Pause before the next scan, as a multiple of the last scan's cost: 4 % of a core for proof, 0.5 % for names. */
const REST_PROVING = 25;
const REST_NAMING = 200;
/** Shortest interval between scans for names alone, in ms, unless the guard has seen something new. */
const NAMES_LAST_MS = 5000;

interface AttributionParts {
  owners: ProcessOwners;
  /** Learns from each scan which processes of a run have left its tree or its cgroup. */
  ours: OurCpu;
  claimed: ClaimedCpu;
  /** Those of other supervisors. */
  claims: () => readonly Claim[];
}

export class CpuAttribution {
  readonly #owners: ProcessOwners;
  readonly #ours: OurCpu;
  readonly #claimed: ClaimedCpu;
  readonly #claims: () => readonly Claim[];
  #lastScan: ProcessScan | null = null;
  #evidence: ScanEvidence | null = null;
  #foreign: ProcessEvidence[] = [];
  readonly #hiddenUse = new HiddenUse();
  /** Why other users' processes can't be seen; null while they can. */
  #hidden = hiddenUsers();
  #costMs = 0;
  /** Percent of the machine that wasn't ours at the last scan. */
  #restThen = 0;

  constructor({ owners, ours, claimed, claims }: AttributionParts) {
    this.#owners = owners;
    this.#ours = ours;
    this.#claimed = claimed;
    this.#claims = claims;
  }

  /** Fills the memory of owners: a first scan reads every process's environment and takes five times as long. */
  warmUp(snapshot: CpuSnapshot, runs: readonly LiveRun[]): void {
    scanProcesses(this.#owners, { runs, claims: this.#claims(), claimed: this.#claimed }, scanAt(snapshot));
  }

  /** `suspected`: the guard has seen a burst that the window may be too long to show. */
  attribute(
    window: CpuWindow,
    snapshot: CpuSnapshot,
    runs: readonly LiveRun[],
    suspected: boolean,
  ): OthersUse {
    const restPercent = percentOf(window, unclaimedOf(window));
    const remainder = percentOf(window, unclaimedOf(window) + window.interrupts);
    const isFollowed = window.certain && window.claimed !== null;
    const worth = suspected || remainder >= (isFollowed ? WORTH_NAMING : WORTH_PROVING);
    // Read each time: beside another supervisor's job that began since the last scan the remainder proves nothing.
    const claims = worth ? this.#claims() : [];
    // Called in any case: what is followed from now on makes the next window whole.
    const areAllFollowed = !worth || this.#claimed.follow(claims, runs);
    const certain = isFollowed && areAllFollowed;
    const pauseMs = this.#pauseMs(certain, restPercent, suspected);
    let looked: Looked | null = null;
    if (!worth) this.#forget();
    else if (this.#ageMs(snapshot) >= pauseMs) {
      looked = this.#scan(snapshot, runs, claims, pauseMs);
      this.#restThen = restPercent;
    }
    const last = this.#lastScan;
    const escaped = last?.claimEscaped || runs.some(({ id }) => last?.escaped.has(id));
    const doubt = certain || this.#hidden === null ? null : this.#hiddenUse.doubt(snapshot.atMs, claims);
    const readings = this.#readings(window, snapshot.atMs, { certain: certain && !escaped, doubt });
    return { ...readings, foreign: this.#foreign, ...(looked && { looked }) };
  }

  #readings(window: CpuWindow, atMs: number, how: Proof): Omit<OthersUse, "foreign" | "looked"> {
    const evidence = this.#evidence;
    const part = (ticks: number): number => (evidence ? Math.min(100, (100 * ticks) / evidence.all) : 0);
    const proven = this.#proven(window, part, how);
    const niceless = Math.max(0, proven - percentOf(window, window.nice));
    const provenNotNice =
      how.certain || this.#hidden !== null ? niceless : Math.min(proven, part(evidence?.foreignNotNice ?? 0));
    const remainder = percentOf(window, restOf(window) + window.interrupts);
    // From two scans, so not exactly this window's: what is left is doubt, which holds back and never pauses.
    const claimed =
      window.claimed === null ? part(evidence?.claimed ?? 0) : percentOf(window, window.claimed);
    const claimedPercent = Math.min(remainder, claimed);
    const upTo = remainder - claimedPercent;
    const notNice = percentOf(window, window.processes - window.nice + window.interrupts);
    const estimated = this.#hidden === null ? {} : { estimated: howTold(this.#hidden, how.doubt) };
    const read = (value: number, most: number): Reading => ({
      value,
      upTo: Math.max(value, most),
      atMs,
      ...estimated,
    });
    return {
      others: read(proven, upTo),
      othersWithoutNice: read(provenNotNice, Math.min(upTo, notNice)),
      claimedPercent,
    };
  }

  #proven(window: CpuWindow, part: (ticks: number) => number, { certain, doubt }: Proof): number {
    const evidence = this.#evidence;
    const rest = percentOf(window, unclaimedOf(window));
    // Kernel threads work for everyone: encrypting what our own job writes isn't another user's need.
    if (certain && this.#hidden === null) return Math.max(0, rest - part(evidence?.kernel ?? 0));
    if (certain) return lessMargin(rest);
    const foreign = Math.min(rest, part(evidence?.foreign ?? 0));
    if (this.#hidden === null || evidence === null || doubt !== null) return foreign;
    const unseen = percentOf(window, restOf(window)) - part(evidence.seen);
    return Math.min(rest, foreign + lessMargin(unseen));
  }

  #ageMs({ atMs }: CpuSnapshot): number {
    return this.#lastScan ? atMs - this.#lastScan.atMs : Number.POSITIVE_INFINITY;
  }

  /** How old the last scan must be before the next, in ms. */
  #pauseMs(certain: boolean, restPercent: number, suspected: boolean): number {
    // The second scan comes as soon as possible: nothing is proven before it.
    if (this.#evidence === null || suspected) return NEAREST_SCANS_MS;
    if (!certain) return Math.max(NEAREST_SCANS_MS, REST_PROVING * this.#costMs);
    // A new load: find out whose it is before it counts.
    if (restPercent > this.#restThen + WORTH_NAMING) return NEAREST_SCANS_MS;
    return Math.max(NAMES_LAST_MS, REST_NAMING * this.#costMs);
  }

  /** Null for the first of a pair. */
  #scan(
    snapshot: CpuSnapshot,
    runs: readonly LiveRun[],
    claims: readonly Claim[],
    pauseMs: number,
  ): Looked | null {
    const last = this.#lastScan;
    const began = process.cpuUsage();
    const scan = scanProcesses(this.#owners, { runs, claims, claimed: this.#claimed }, scanAt(snapshot));
    this.#reportRuns(scan);
    this.#claimed.scanned({ hasEscaped: scan.claimEscaped });
    this.#hidden = scan.hidden;
    if (last !== null) this.#hiddenUse.look(last, scan);
    const looked =
      last !== null &&
      this.#ageMs(snapshot) <= Math.max(FARTHEST_MS, 2 * pauseMs) &&
      scan.cpuAll > last.cpuAll
        ? this.#compare(last, scan)
        : null;
    if (looked === null) {
      this.#evidence = null;
      this.#foreign = runningProcesses(scan);
    }
    this.#lastScan = scan;
    // Not the time it took: on a busy machine others would be looked at least often.
    const { user, system } = process.cpuUsage(began);
    this.#costMs = (user + system) / 1000;
    return looked;
  }

  #compare(last: ProcessScan, scan: ProcessScan): Looked {
    this.#evidence = evidenceBetween(last, scan);
    const { foreign, unlisted } = topConsumers(scan, this.#evidence);
    this.#foreign = foreign;
    return { sinceMs: last.atMs, unlisted };
  }

  /** Passes on what the scan shows of runs: their processes, and cgroups that no longer hold all of them. */
  #reportRuns({ owners, table, escaped }: ProcessScan): void {
    for (const [pid, owner] of owners) {
      const run = runOf(owner);
      const stat = run !== null && table.get(pid);
      if (stat) this.#ours.adopt(run, stat);
    }
    for (const run of escaped) this.#ours.distrustCgroup(run);
  }

  /** Drops the evidence; the last scan may still be the first of a pair. */
  #forget(): void {
    this.#evidence = null;
    this.#foreign = [];
  }
}

/** Ticks of processes that aren't ours. */
const restOf = ({ processes, ours }: CpuWindow): number => Math.max(0, processes - ours);

/** Of those, ticks that no supervised job is known to have used. */
const unclaimedOf = (window: CpuWindow): number => Math.max(0, restOf(window) - (window.claimed ?? 0));

const percentOf = ({ all }: CpuWindow, ticks: number): number =>
  Math.min(100, Math.max(0, (100 * ticks) / all));

const scanAt = ({ atMs, bootTicks, cpu, trees }: CpuSnapshot): ScanAt => ({
  atMs,
  bootTicks,
  cpuAll: cpu.all,
  trees,
});
