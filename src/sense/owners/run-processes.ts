/**
 * The current processes of one run, by the same marks that attribute processes: what a freeze or a kill
 * reaches, and what a run leaves behind. Stateless, so it also serves runs of an earlier supervisor.
 */
import { ENV } from "../../contract/names.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import type { ProcessStat } from "../proc/parse.ts";
import {
  isDead,
  listPids,
  readChildren,
  readCommand,
  readStat,
  readWordsOrNone,
  variableIn,
} from "../proc/process.ts";
import { groupedIn, rootsOf } from "./run-marks.ts";

export interface RunProcess {
  pid: number;
  startTime: number;
  /** As in /proc/PID/stat; `T` is stopped. */
  state: string;
  command: string;
}

/** `startTime`: of `pid`, so that another process with that pid isn't followed. */
export type RunToFind = LiveRun & { startTime?: number | null };

/**
 * The live processes of a run, parents before children, without the launcher: those in its cgroup and in
 * its launcher's tree. `scan` also searches every environment on the machine for the run's id (about
 * 30 µs each), which finds processes that have left the tree.
 */
export function processesOf(run: RunToFind, how: { scan?: boolean } = {}): RunProcess[] {
  const finding = new Finding(run);
  if (how.scan) scanFor([finding]);
  return finding.found;
}

/** Of the same, without a scan: their pids alone, which cost less to find. */
export const pidsOf = (run: RunToFind): number[] => new Finding(run).pids;

/** Scans every environment once for all runs that ask at the same moment. */
export class SharedScan {
  #waiting: { finding: Finding; resolve: (found: RunProcess[]) => void }[] = [];

  /**
   * As `processesOf` with a scan, which begins after this call: what a process of the run forked before it was
   * seen stopped is found, as by a scan of its own.
   */
  processesOf(run: RunToFind): Promise<RunProcess[]> {
    const finding = new Finding(run);
    return new Promise((resolve) => {
      this.#waiting.push({ finding, resolve });
      if (this.#waiting.length === 1) setImmediate(() => this.#scan());
    });
  }

  #scan(): void {
    const asked = this.#waiting;
    this.#waiting = [];
    scanFor(asked.map(({ finding }) => finding));
    for (const { finding, resolve } of asked) resolve(finding.found);
  }
}

/**
 * A process may end before its turn comes, and leave a child that the list didn't have, or be in the middle of an
 * exec and show nothing: lists again so often at most.
 */
const MOST_ROUNDS = 5;

/** Each process is looked at when it is found: one that ends or stops during the scan counts as it was then. */
function scanFor(findings: readonly Finding[]): void {
  const byRun = new Map<string, Finding[]>();
  for (const finding of findings) byRun.set(finding.run.id, [...(byRun.get(finding.run.id) ?? []), finding]);
  const seen = new Set<number>();
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const fresh = listPids().filter((pid) => !seen.has(pid));
    if (fresh.length === 0) return;
    for (const pid of fresh) {
      // Read even for a process stuck in the kernel: one that is missed here would count as gone.
      const environment = readWordsOrNone(pid, "environ");
      if (environment === "" && isProgram(pid)) continue;
      seen.add(pid);
      const run = environment === null ? null : variableIn(environment, ENV.runId);
      for (const finding of byRun.get(run ?? "") ?? []) finding.add(pid);
    }
  }
}

/** Its environment is empty for a moment, or always, as under `env -i`; that of a kernel thread or a zombie says nothing. */
function isProgram(pid: number): boolean {
  const stat = readStat(pid);
  return stat !== null && !stat.kernel && !isDead(stat);
}

/** Looks at the cgroup and the tree when it is made. */
class Finding {
  readonly run: RunToFind;
  readonly #found = new Map<number, ProcessStat>();

  constructor(run: RunToFind) {
    this.run = run;
    for (const pid of rootsOf(run)) this.add(pid);
    for (const pid of groupedIn(run)) this.add(pid);
  }

  /** With all below it. */
  add(pid: number): void {
    if (this.#found.has(pid)) return;
    const { run } = this;
    const stat = readStat(pid);
    if (stat === null || (isDead(stat) && pid !== run.launcherPid)) return;
    if (pid === run.pid && (run.startTime ?? stat.startTime) !== stat.startTime) return;
    this.#found.set(pid, stat);
    for (const child of readChildren(pid, stat.threads)) this.add(child);
  }

  get #stats(): ProcessStat[] {
    return [...this.#found.values()].filter(({ pid }) => pid !== this.run.launcherPid);
  }

  get pids(): number[] {
    return this.#stats.map(({ pid }) => pid);
  }

  get found(): RunProcess[] {
    return this.#stats.map((stat) => {
      const { pid, startTime, state } = stat;
      return { pid, startTime, state, command: readCommand(stat) };
    });
  }
}
