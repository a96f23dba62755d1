/**
 * The current checkpoints of a job: what a quick look finds, merged with the verdicts of the full check.
 * Cheap when nothing has changed. Must never show a broken checkpoint as good.
 */
import { resolve } from "node:path";
import { elapsedMs } from "../../clock.ts";
import { isUnlisted } from "../../files/anothers.ts";
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
  /** Of each that can't be read: since when that is known while another can be. */
  unreadSinceMs: Map<string, number>;
  merged: { from: Stock; version: number; full: Checkpoint | null; list: Stock } | null;
}

export class Checkpoints {
  readonly #stateDirectory: string;
  readonly #directory: string;
  readonly #verifier: Verifier;
  readonly #byJob = new Map<string, Memory>();

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
    return this.#merge(memory.found, job, memory);
  }

  /**
   * Has the next look read the directory: for who removes files inside a checkpoint, which doesn't change its mtime. What
   * was found stays known, for a directory that can't be read then.
   */
  forget(job: string): void {
    const memory = this.#byJob.get(job);
    if (memory === undefined) return;
    this.#byJob.delete(job);
    const fresh = this.#memoryOf(job);
    fresh.own = { ...memory.own, settled: false };
    fresh.unreadSinceMs = memory.unreadSinceMs;
  }

  #lookAtThirdParty(job: Job, glob: string, memory: Memory, writer: "working" | "asked" | "gone"): Stock {
    const where = {
      pattern: glob,
      cwd: resolve(this.#directory, job.spec.cwd ?? "."),
      written: writer !== "gone",
      known: knownOf(job),
      sinceMs: sinceMsOf(job) ?? Number.POSITIVE_INFINITY,
    };
    // A file counts once two looks agree on it; with the writer gone, they can follow at once.
    if (writer === "gone") listThirdParty(where, memory.lastLook);
    return listThirdParty(where, memory.lastLook);
  }

  #merge(found: Stock, job: Job, memory: Memory): Stock {
    const known = job.checkpoint;
    const full = known?.verified === "full" ? known : null;
    const { version } = this.#verifier;
    const { merged } = memory;
    if (merged && merged.from === found && merged.version === version && merged.full === full)
      return merged.list;
    const list: Stock = { checkpoints: [], rejected: [...found.rejected] };
    const unread = this.#unreadOf(found, job);
    const passedOver = passedOverIn(found, unread, memory);
    for (const path of passedOver) list.rejected.push({ path, reason: "it can't be read", unread: true });
    const left = (found.unread ?? []).filter((path) => unread.includes(path) && !passedOver.includes(path));
    if (left.length > 0) list.unread = left;
    for (const checkpoint of found.checkpoints) {
      if (passedOver.includes(checkpoint.path)) continue;
      const verdict = this.#verifier.verdictOf(checkpoint);
      // One whose bytes can't be read now waits for its check.
      if (verdict?.ok === false && !verdict.unreadable)
        list.rejected.push({ path: checkpoint.path, reason: verdict.reason });
      // A full check from before a restart of the supervisor still counts.
      else if (verdict?.ok || (verdict === null && isSame(checkpoint, full)))
        list.checkpoints.push({ ...checkpoint, verified: "full" });
      else list.checkpoints.push(checkpoint);
    }
    memory.merged = { from: found, version, full, list };
    return list;
  }

  /**
   * Paths of those that can't be read now; of a third party's, which may be any job's, only those that the job goes by,
   * or what may hold its own where it knows none.
   */
  #unreadOf(found: Stock, job: Job): string[] {
    const known = knownOf(job).map(({ path }) => path);
    const mayHoldOwn = (path: string): boolean =>
      known.length === 0 && sinceMsOf(job) !== null && !isUnlisted(path);
    const listed = (found.unread ?? []).filter(
      (path) => job.spec.checkpoint.glob === undefined || known.includes(path) || mayHoldOwn(path),
    );
    const checked = found.checkpoints.filter((one) => {
      const verdict = this.#verifier.verdictOf(one);
      return verdict?.ok === false && verdict.unreadable;
    });
    return [...new Set([...listed, ...checked.map(({ path }) => path)])];
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
        unreadSinceMs: new Map(),
        merged: null,
      };
      this.#byJob.set(job, memory);
    }
    return memory;
  }
}

/** Wall time since when a third party's files may be this job's; null before its first run. */
function sinceMsOf({ earlier, spec, begunAnew, firstRunMs }: Job): number | null {
  const adopts = earlier === "adopt" || (spec.checkpoint.adoptExisting && !begunAnew);
  return adopts ? 0 : (firstRunMs ?? null);
}

const knownOf = ({ checkpoint, older = [] }: Job): Checkpoint[] =>
  checkpoint === null ? older : [checkpoint, ...older];

/** Those whose disk or server is broken, as far as anybody can tell: unread for long, while another can be read. */
function passedOverIn(found: Stock, unread: string[], { unreadSinceMs }: Memory): string[] {
  const isIn = (path: string): boolean => unread.some((one) => path === one || path.startsWith(`${one}/`));
  const isAnyReadable = found.checkpoints.some(({ path }) => !isIn(path));
  for (const path of unreadSinceMs.keys())
    if (!isAnyReadable || !unread.includes(path)) unreadSinceMs.delete(path);
  if (!isAnyReadable) return [];
  const nowMs = elapsedMs();
  for (const path of unread) if (!unreadSinceMs.has(path)) unreadSinceMs.set(path, nowMs);
  return unread.filter((path) => nowMs - (unreadSinceMs.get(path) ?? nowMs) >= UNREAD_MS);
}
