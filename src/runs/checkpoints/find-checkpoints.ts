/**
 * The current checkpoints of a job: what a quick look finds, merged with the verdicts of the full check.
 * Cheap when nothing has changed. Must never show a broken checkpoint as good.
 */
import { resolve } from "node:path";
import { elapsedMs } from "../../clock.ts";
import { checkpointDirectory } from "../../files/state-paths.ts";
import type { Job } from "../../model/job.ts";
import type { Checkpoint, Stock } from "../../model/run.ts";
import { type CheckpointMemory, listCheckpoints } from "./quick-check.ts";
import { type LastLook, listThirdParty } from "./third-party/list.ts";
import { isSame, type Verifier } from "./verify.ts";

/** Intervals between looks while no pause waits for a checkpoint. Measuring a third-party job's files costs more. */
const OWN_EVERY_MS = 5000;
const THIRD_PARTY_EVERY_MS = 30_000;
/** One that can't be read for so long is passed over for another that can. */
const UNREAD_MS = 600_000;

interface Memory {
  directory: string;
  own: CheckpointMemory;
  lastLook: LastLook;
  lookedAtMs: number;
  /** What the job named as its newest at that look. */
  named: string | null;
  found: Stock;
  merged: { from: Stock; version: number; full: Checkpoint | null; list: Stock } | null;
}

export class Checkpoints {
  readonly #stateDirectory: string;
  readonly #directory: string;
  readonly #verifier: Verifier;
  readonly #byJob = new Map<string, Memory>();
  /** Since when a checkpoint is known to be unreadable while another isn't. */
  readonly #unreadSinceMs = new Map<string, number>();

  constructor(stateDirectory: string, directory: string, verifier: Verifier) {
    this.#stateDirectory = stateDirectory;
    this.#directory = directory;
    this.#verifier = verifier;
  }

  /**
   * Newest first.
   * @param writer the run that writes them: `working`, `asked` to end, or `gone`, after which nothing
   * changes
   * @param named what the job itself names as its newest: a new name triggers a look at once
   */
  of(job: Job, writer: "working" | "asked" | "gone", named: string | null = null): Stock {
    const memory = this.#memoryOf(job.name);
    const { glob } = job.spec.checkpoint;
    const now = elapsedMs();
    const everyMs = glob === undefined ? OWN_EVERY_MS : THIRD_PARTY_EVERY_MS;
    const rests = writer === "working" && named === memory.named && now - memory.lookedAtMs < everyMs;
    if (!rests) {
      memory.found =
        glob === undefined
          ? listCheckpoints(memory.directory, memory.own)
          : this.#lookAtThirdParty(job, glob, memory, writer);
      memory.lookedAtMs = now;
      memory.named = named;
    }
    return this.#merge(memory.found, job.checkpoint, memory);
  }

  /**
   * Has the next look read the directory: for who removes files inside a checkpoint, which doesn't change its mtime. What
   * was found stays known, for a directory that can't be read then.
   */
  forget(job: string): void {
    const memory = this.#byJob.get(job);
    if (memory === undefined) return;
    this.#byJob.delete(job);
    this.#memoryOf(job).own = { ...memory.own, settled: false };
  }

  #lookAtThirdParty(job: Job, glob: string, memory: Memory, writer: "working" | "asked" | "gone"): Stock {
    const adopts = job.earlier === "adopt" || (job.spec.checkpoint.adoptExisting && !job.begunAnew);
    const where = {
      pattern: glob,
      cwd: resolve(this.#directory, job.spec.cwd ?? "."),
      written: writer !== "gone",
      sinceMs: adopts ? 0 : (job.firstRunMs ?? Number.POSITIVE_INFINITY),
    };
    // A file counts once two looks agree on it; with the writer gone, they can follow at once.
    if (writer === "gone") listThirdParty(where, memory.lastLook);
    return listThirdParty(where, memory.lastLook);
  }

  #merge(found: Stock, known: Checkpoint | null, memory: Memory): Stock {
    const full = known?.verified === "full" ? known : null;
    const { version } = this.#verifier;
    const { merged } = memory;
    if (merged && merged.from === found && merged.version === version && merged.full === full)
      return merged.list;
    const verdicts = found.checkpoints.map((checkpoint) => this.#verifier.verdictOf(checkpoint));
    const isAnyReadable = verdicts.some((verdict) => verdict?.ok !== false);
    const isPassedOver = (path: string): boolean => isAnyReadable && this.#isUnreadForLong(path);
    const list: Stock = { checkpoints: [], rejected: [...found.rejected] };
    const unread = (found.unread ?? []).filter((path) => !isPassedOver(path));
    if (unread.length > 0) list.unread = unread;
    for (const path of found.unread ?? [])
      if (!unread.includes(path)) list.rejected.push({ path, reason: "it can't be read" });
    for (const [at, checkpoint] of found.checkpoints.entries()) {
      const { path } = checkpoint;
      const verdict = verdicts[at];
      // One whose bytes can't be read now waits for its check.
      if (verdict?.ok === false && (!verdict.unreadable || isPassedOver(path)))
        list.rejected.push({ path, reason: verdict.reason });
      // A full check from before a restart of the supervisor still counts.
      else if (verdict?.ok || (verdict === null && isSame(checkpoint, full)))
        list.checkpoints.push({ ...checkpoint, verified: "full" });
      else list.checkpoints.push(checkpoint);
    }
    memory.merged = { from: found, version, full, list };
    return list;
  }

  /** Its disk or server is broken, as far as anybody can tell. */
  #isUnreadForLong(path: string): boolean {
    const sinceMs = this.#unreadSinceMs.get(path) ?? elapsedMs();
    this.#unreadSinceMs.set(path, sinceMs);
    return elapsedMs() - sinceMs >= UNREAD_MS;
  }

  #memoryOf(job: string): Memory {
    let memory = this.#byJob.get(job);
    if (!memory) {
      memory = {
        directory: checkpointDirectory(this.#stateDirectory, job),
        own: {},
        lastLook: new Map(),
        lookedAtMs: Number.NEGATIVE_INFINITY,
        named: null,
        found: { checkpoints: [], rejected: [] },
        merged: null,
      };
      this.#byJob.set(job, memory);
    }
    return memory;
  }
}
