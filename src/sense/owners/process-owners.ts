/**
 * Attributes processes to owners, for CPU and GPU use alike, with one memory. Goes by pid and start time,
 * never by pid alone. A run owns the processes below its launcher, in its cgroup, or with its id in their
 * environment, and keeps them when they leave the tree. Reads /proc only.
 */
import type { Claim } from "../../model/machine.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import type { ProcessStat } from "../proc/parse.ts";
import { isDead, isSameProgram, readStat, readWords, uidOf } from "../proc/process.ts";
import { ClaimedProcesses } from "./claimed-processes.ts";
import { isOtherUser } from "./evidence.ts";
import { type Owner, runOf } from "./owner.ts";
import { MOST_PARENTS, type StatOf } from "./parents.ts";
import { groupedIn, namedRun, rootsOf } from "./run-marks.ts";
import { RunSessions } from "./run-sessions.ts";

/** What a process passes on to its descendants. */
interface Kin {
  /** Null: neither ours nor claimed. */
  owner: Exclude<Owner, "foreign" | "kernel" | "nobody"> | null;
  /** The claim that it is below, even where it is another user's and so isn't covered itself. */
  claim: Claim | null;
}

const STRANGER: Kin = { owner: null, claim: null };
const ofRun = (run: string): Kin => ({ owner: { run }, claim: null });

/** Findings of one look. */
interface Look {
  runs: readonly LiveRun[];
  statOf: StatOf;
  kin: Map<number, Kin>;
  /** Runs by pid, from the runs' cgroups; null until needed. */
  grouped: ReadonlyMap<number, string> | null;
}

const newLook = (runs: readonly LiveRun[], statOf: StatOf): Look => ({
  runs,
  statOf,
  kin: new Map(),
  grouped: null,
});

/** As the kernel names them, which cuts names to 15 letters. */
const KEEPERS = /^(conmon|containerd-shim)/;

const LEAST_KEPT = 256;

export class ProcessOwners {
  readonly #supervisorPid: number;
  /** Processes known to belong to a run. */
  readonly #ours = new Map<number, { startTime: number; run: string }>();
  readonly #sessions = new RunSessions();
  /** Processes whose environment names no run of ours, or that are another user's. */
  readonly #strangers = new Map<number, ProcessStat>();
  readonly #claimed = new ClaimedProcesses();
  /** Start times of all runs since this supervisor started: an ended run's leftovers aren't others'. */
  readonly #begun = new Map<string, number | null>();
  #mostKept = LEAST_KEPT;
  #look = newLook([], readStat);

  constructor(supervisorPid: number) {
    this.#supervisorPid = supervisorPid;
  }

  /** Starts a look; answers are as of then, until the next. `statOf`: looks up in a table of all processes, or in /proc. */
  look(runs: readonly LiveRun[], claims: readonly Claim[], statOf: StatOf = readStat): void {
    this.#look = newLook(runs, statOf);
    this.#claimed.follow(claims);
    for (const run of runs) {
      if (!this.#begun.has(run.id)) this.#begun.set(run.id, null);
      for (const root of rootsOf(run)) this.#follow(root, run.id);
    }
    if (this.#kept > this.#mostKept) this.#forgetGone();
  }

  ownerOf(stat: ProcessStat): Owner {
    const { owner } = this.#kinOf(stat);
    if (owner !== null) return owner;
    if (stat.kernel) return "kernel";
    return this.#isStranger(stat) && !this.#sessions.hold(stat, this.#supervisorPid, this.#look.statOf)
      ? "foreign"
      : "nobody";
  }

  /** The owners of all processes of the machine. Forgets those that are gone. */
  ownersIn(table: ReadonlyMap<number, ProcessStat>): Map<number, Owner> {
    this.#forgetGone();
    this.#sessions.forgetOver(table.values());
    // Ours first: their sessions help to attribute the rest.
    for (const stat of table.values()) this.#kinOf(stat);
    return new Map([...table].map(([pid, stat]) => [pid, this.ownerOf(stat)]));
  }

  /** Adds processes that the caller knows to be a run's. */
  adopt(run: string, stats: Iterable<ProcessStat>): void {
    for (const stat of stats) this.#remember(stat, run);
  }

  /** The run in whose cgroup a process is, else null. */
  groupedRunOf(pid: number): string | null {
    const look = this.#look;
    look.grouped ??= new Map(look.runs.flatMap((run) => groupedIn(run).map((one) => [one, run.id])));
    return look.grouped.get(pid) ?? null;
  }

  /** Start time of a run in ticks since boot; null until it is known. */
  begunAt(run: string): number | null {
    return this.#begun.get(run) ?? null;
  }

  #follow(root: number, run: string): void {
    const known = this.#ours.get(root);
    const stat = known?.run === run ? null : this.#look.statOf(root);
    if (stat) this.#remember(stat, run);
    if (this.begunAt(run) === null) this.#begun.set(run, this.#ours.get(root)?.startTime ?? null);
  }

  #remember(stat: ProcessStat, run: string): void {
    this.#ours.set(stat.pid, { startTime: stat.startTime, run });
    this.#sessions.add(stat, this.#look.statOf);
  }

  get #kept(): number {
    return this.#ours.size + this.#strangers.size + this.#claimed.size;
  }

  #forgetGone(): void {
    const { statOf } = this.#look;
    for (const [pid, { startTime }] of this.#ours)
      if (statOf(pid)?.startTime !== startTime) this.#ours.delete(pid);
    for (const [pid, { startTime }] of this.#strangers)
      if (statOf(pid)?.startTime !== startTime) this.#strangers.delete(pid);
    this.#claimed.forgetGone(statOf);
    this.#mostKept = LEAST_KEPT + 2 * this.#kept;
  }

  #kinOf(stat: ProcessStat, hops = 0): Kin {
    const found = this.#look.kin.get(stat.pid);
    if (found) return found;
    const kin = this.#known(stat) ?? this.#below(this.#parentsKin(stat, hops), stat);
    this.#look.kin.set(stat.pid, kin);
    const run = runOf(kin.owner);
    if (run !== null) this.#remember(stat, run);
    return kin;
  }

  /** The answer where parents don't matter; null where they do. */
  #known(stat: ProcessStat): Kin | null {
    const ours = this.#ours.get(stat.pid);
    if (ours?.startTime === stat.startTime) return ofRun(ours.run);
    if (stat.pid === this.#supervisorPid) return { owner: "supervisor", claim: null };
    const claim = this.#claimed.remembered(stat);
    return claim && { owner: { claim }, claim };
  }

  #parentsKin({ parent }: ProcessStat, hops: number): Kin {
    const above = parent > 0 && hops < MOST_PARENTS ? this.#look.statOf(parent) : null;
    return above ? this.#kinOf(above, hops + 1) : STRANGER;
  }

  #below(above: Kin, stat: ProcessStat): Kin {
    if (runOf(above.owner) !== null) return above;
    const grouped = this.groupedRunOf(stat.pid);
    if (grouped !== null) return ofRun(grouped);
    if (this.#keepsContainer(stat)) return { owner: "supervisor", claim: null };
    if (above.owner === "supervisor") return above;
    const claim = this.#claimed.covering(stat, above.claim);
    if (claim !== null) return { owner: { claim }, claim };
    const named = this.#namedRun(stat);
    return named === null ? { owner: null, claim: above.claim } : ofRun(named);
  }

  /** What an engine leaves beside each container of a run: no part of the run, and nobody else's. */
  #keepsContainer({ pid, name, state }: ProcessStat): boolean {
    if (!KEEPERS.test(name) || state === "D") return false;
    const words = (readWords(pid, "cmdline") ?? "").split("\0");
    return this.#look.runs.some(({ container }) => container !== undefined && words.includes(container));
  }

  /** The run of ours named in its environment, which is read once per program that it executes. */
  #namedRun(stat: ProcessStat): string | null {
    if (stat.kernel || isDead(stat) || this.#isStranger(stat)) return null;
    // Reading the environment of a process stuck in the kernel could block.
    const run = stat.state === "D" ? undefined : namedRun(stat.pid);
    if (typeof run === "string" && this.#begun.has(run)) return run;
    if (run !== undefined || isOtherUser(uidOf(stat.pid))) this.#strangers.set(stat.pid, stat);
    return null;
  }

  /** Not after an exec, which may have brought a run's id. */
  #isStranger(stat: ProcessStat): boolean {
    const known = this.#strangers.get(stat.pid);
    return known !== undefined && isSameProgram(known, stat);
  }
}
