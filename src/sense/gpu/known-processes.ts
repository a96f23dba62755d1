/**
 * The processes on GPUs: described once and then remembered by pid and start time, since a driver lists the
 * same ones in every report. `ProcessOwners` attributes them. Reads /proc only.
 */
import type { Claim, ProcessEvidence } from "../../model/machine.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import { evidenceOf, hiddenEvidence } from "../owners/evidence.ts";
import { type Owner, runOf } from "../owners/owner.ts";
import type { ProcessOwners } from "../owners/process-owners.ts";
import { rootsOf } from "../owners/run-marks.ts";
import { KeptFiles } from "../proc/kept-file.ts";
import type { ProcessStat } from "../proc/parse.ts";
import { isDead, presenceOf, readStat, uidOf } from "../proc/process.ts";

export interface Known {
  owner: Owner;
  /** Null where it is hidden. */
  uid: number | null;
  evidence: ProcessEvidence;
  /** Names that match it in a list of programs. */
  names: string[];
}

interface Remembered extends Known {
  /** Looks that have found no owner. */
  tries: number;
  /** What /proc/PID/stat holds until the process executes another program. */
  marks: readonly string[];
}

/** Looks after which a process without an owner is no longer looked up. */
const MOST_TRIES = 30;
const MOST_KEPT = 256;

const marksOf = ({ name, stack }: ProcessStat): string[] => [`(${name}) `, ` ${stack} `];

/** Alive, and the program that it was. `stat`: the text of /proc/PID/stat. */
const isUnchanged = (stat: string, { marks }: Remembered): boolean =>
  !"ZX".includes(stat[stat.lastIndexOf(") ") + 2] ?? "") && marks.every((mark) => stat.includes(mark));

export class KnownProcesses {
  readonly #owners: ProcessOwners;
  readonly #files = new KeptFiles(MOST_KEPT);
  #known = new Map<number, Remembered>();
  /** Of live runs, that were listed before and aren't now. */
  readonly #missed = new Map<number, Remembered>();
  #roots = "";

  constructor(owners: ProcessOwners) {
    this.#owners = owners;
  }

  /** By pid. Leaves out processes that are gone, unless a run owned them. */
  look(pids: readonly number[], runs: readonly LiveRun[], claims: readonly Claim[]): Map<number, Known> {
    this.#owners.look(runs, claims);
    const claimants = new Set(claims.flatMap(({ holds, uid }) => (holds ? [uid] : [])));
    const hasNewRoots = this.#takeRoots(runs);
    const found = new Map<number, Remembered>();
    for (const pid of pids) {
      const before = this.#known.get(pid);
      const final = before !== undefined && !hasNewRoots && isFinal(before, claimants) ? before : null;
      // A kept file never shows another process with the same pid, so an unchanged one needs no look-up.
      const kept = pids.length <= MOST_KEPT ? this.#files.read(`/proc/${pid}/stat`) : null;
      const seen =
        final && kept !== null && isUnchanged(kept, final) ? final : this.#seen(pid, before, final);
      if (seen) found.set(pid, seen);
    }
    this.#remember(found, runs);
    this.#known = found;
    this.#files.sweep();
    return found;
  }

  /** A run's own: while nothing can be read none is listed, and one that has ended by then may be listed again. */
  #remember(found: ReadonlyMap<number, Remembered>, runs: readonly LiveRun[]): void {
    for (const [pid, one] of this.#known) if (!found.has(pid)) this.#missed.set(pid, one);
    if (this.#missed.size === 0) return;
    const live = new Set(runs.map(({ id }) => id));
    for (const [pid, { owner }] of this.#missed)
      if (found.has(pid) || !live.has(runOf(owner) ?? "") || this.#missed.size > MOST_KEPT)
        this.#missed.delete(pid);
  }

  close(): void {
    this.#files.close();
  }

  /** Whether another process has become a run's since the last look: a service's, or one that is taken back. */
  #takeRoots(runs: readonly LiveRun[]): boolean {
    const roots = runs.flatMap(rootsOf).join();
    const isNew = roots !== this.#roots;
    this.#roots = roots;
    return isNew;
  }

  /** One of a run that has ended since it was listed; nobody knows whose a hidden one is. */
  #endedOf(pid: number): Remembered | undefined {
    return presenceOf(pid) === "hidden" ? undefined : this.#missed.get(pid);
  }

  #seen(pid: number, before: Remembered | undefined, final: Remembered | null): Remembered | null {
    const stat = readStat(pid);
    if (stat === null || isDead(stat)) return unseen(pid, before ?? this.#endedOf(pid));
    const marks = marksOf(stat);
    const isSame = before?.evidence.startTime === stat.startTime && marks.join() === before.marks.join();
    const same = isSame ? before : null;
    if (same && final) return final;
    const owner = this.#owners.ownerOf(stat);
    // A process without an owner may be between two programs.
    const known = same && same.owner !== "nobody" ? same : { ...describe(stat), marks };
    return { ...known, owner, tries: same ? same.tries + 1 : 0 };
  }
}

/** Its owner can't change before its next exec, or before a run takes it in. A process whose user has claims isn't final: a claim may come to cover it. */
function isFinal({ owner, uid, evidence, tries }: Remembered, claimants: ReadonlySet<number>): boolean {
  if (evidence.startTime === null) return false;
  if (runOf(owner) !== null || owner === "supervisor") return true;
  if (typeof owner === "object" || (uid !== null && claimants.has(uid))) return false;
  return owner !== "nobody" || tries > MOST_TRIES;
}

function describe(stat: ProcessStat): Omit<Known, "owner"> {
  const uid = uidOf(stat.pid);
  const evidence = evidenceOf(stat, uid);
  const program = evidence.command.split(" ")[0] ?? "";
  return { uid, evidence, names: [stat.name, program.slice(program.lastIndexOf("/") + 1)] };
}

/** A process without a /proc entry: gone, or another user's and hidden. */
function unseen(pid: number, before: Remembered | undefined): Remembered | null {
  if (before !== undefined && runOf(before.owner) !== null) return before;
  if (presenceOf(pid) !== "hidden") return null;
  return { owner: "foreign", uid: null, evidence: hiddenEvidence(pid), names: [], tries: 0, marks: [] };
}
