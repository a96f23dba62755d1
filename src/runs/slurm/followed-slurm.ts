/**
 * What is remembered of one run on a cluster between ticks. Its files, on the file system that this machine shares
 * with the nodes, and Slurm's queue tell the rest. Whatever speaks for an end counts only in a view of the queue that
 * began after the sight that it answers: an older one shows the run before.
 */
import { existsSync } from "node:fs";
import { elapsedMs } from "../../clock.ts";
import { exitRecord, launcherRecord, statusDirectory } from "../../files/state-paths.ts";
import type { Exit, RankStatus } from "../../model/seen.ts";
import { readExit } from "../observe/launcher-records.ts";
import type { RankMemory } from "../observe/read-ranks.ts";
import { readRunsJob } from "./submission.ts";

/** Reports come once a second from steps that are shorter; slower ones are waited for by their own pace. */
const SILENT_AFTER_MS = 5000;
const GAPS = 3;
const SILENT_AT_MOST_MS = 120_000;
const LEFT: ReadonlySet<RankStatus["state"]> = new Set(["paused", "finished", "failed"]);

export class FollowedOnSlurm {
  readonly runId: string;
  readonly stateDirectory: string;
  readonly statusDirectory: string;
  readonly ranks: RankMemory = { files: new Map() };
  /** The sequence for which a program without a library has been signalled: a second one may mean "now!". */
  rungFor: number | null = null;
  /** When it was last pushed on, on this process's own clock; see repeat.ts. */
  pushedMs = Number.NEGATIVE_INFINITY;
  /** Its ranks were told to leave, though Slurm has lost them. */
  recalled = false;
  /** Slurm forgets it once the job is back in the queue. */
  preempted = false;
  #id: number | null = null;
  #begun = false;
  #exit: Exit | null = null;
  /** The dates of the ranks' last reports, when they were seen to change, and the longest time between two of them. */
  #reports = "";
  #reportedMs = 0;
  #longestGapMs = 0;
  /** The last thing that changed here, which a view must be younger than. */
  #changedMs = elapsedMs();

  constructor(stateDirectory: string, runId: string) {
    this.stateDirectory = stateDirectory;
    this.runId = runId;
    this.statusDirectory = statusDirectory(stateDirectory, runId);
  }

  /** Slurm's id of its job; null before it is submitted. */
  get id(): number | null {
    this.#id ??= readRunsJob(this.stateDirectory, this.runId);
    return this.#id;
  }

  /** Its launcher has begun on a node. */
  get begun(): boolean {
    if (!this.#begun && existsSync(launcherRecord(this.stateDirectory, this.runId))) {
      this.#begun = true;
      this.changed();
    }
    return this.#begun;
  }

  /** Null while its launcher hasn't recorded its end. */
  get exit(): Exit | null {
    if (this.#exit === null) {
      this.#exit = readExit(exitRecord(this.stateDirectory, this.runId));
      if (this.#exit !== null) this.changed();
    }
    return this.#exit;
  }

  /** Older views of the queue no longer count. */
  changed(): void {
    this.#changedMs = elapsedMs();
  }

  /** Whether a rank is still at work, as far as its reports tell. To be asked at every look. */
  areHeard(ranks: readonly RankStatus[]): boolean {
    const now = elapsedMs();
    const reports = ranks.map(({ atMs }) => atMs).join();
    if (reports !== this.#reports) {
      if (this.#reports !== "") this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#reportedMs);
      this.#reports = reports;
      this.#reportedMs = now;
    }
    const silence = Math.min(SILENT_AT_MOST_MS, Math.max(SILENT_AFTER_MS, GAPS * this.#longestGapMs));
    return ranks.some(({ state }) => !LEFT.has(state)) && now - this.#reportedMs < silence;
  }

  /** Whether a view that began at `beganMs` shows it as it is now. */
  isShownBy(beganMs: number): boolean {
    return beganMs > this.#changedMs;
  }
}
