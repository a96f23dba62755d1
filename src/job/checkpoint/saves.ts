/**
 * The checkpoints of this run: which one it starts from, when the next is due, how the last attempt
 * ended. A failed save must never touch an older checkpoint, nor stop the training that it would
 * protect.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { basename, dirname, join, resolve } from "node:path";
import { EXIT_UNREADABLE } from "../../contract/names.ts";
import { errorIn } from "../../contract/status.ts";
import type { Surroundings } from "../environment.ts";
import { complain, complainWhere } from "../report/complain.ts";
import type { Status } from "../report/status.ts";
import type { Save } from "./checkpoint-files.ts";
import { newestVerified, Unreadable, type VerifiedCheckpoint } from "./find-checkpoint.ts";
import { keepNewest, sweep } from "./keep-checkpoints.ts";
import { type SavedCheckpoint, writeCheckpoint } from "./write-checkpoint.ts";

/** Back-off: a failed save is retried after the first delay, doubling up to the second. */
const RETRY_MS = { first: 10_000, most: 300_000 } as const;
/** A program without `save` may ask `shouldPause()` seldom. */
const LACKING_FOR_MS = 5000;

export class Saves {
  /** The newest complete checkpoint of this run's line of steps. */
  good: { step: number; path: string } | null = null;
  /** Whether the program has shown what pauses it: a `save`, a pause of its own, a stream. */
  canPause = false;
  /** When one that hasn't is told so. */
  #toldAt: number | null = null;
  readonly #where: Surroundings;
  readonly #status: Status;
  readonly #wanted: () => boolean;
  #savedAt = performance.now();
  #retryAt = Number.NEGATIVE_INFINITY;
  #underWay: Promise<unknown> | null = null;
  /** Set in everything that a save function calls, including what continues after its save. */
  readonly #within = new AsyncLocalStorage<{ over: boolean }>();

  /** @param wanted whether a pause is requested */
  constructor(where: Surroundings, status: Status, wanted: () => boolean) {
    this.#where = where;
    this.#status = status;
    this.#wanted = wanted;
  }

  get due(): boolean {
    return performance.now() - this.#savedAt >= this.#where.checkpointEveryMs;
  }

  /** The last attempt failed a moment ago. */
  get waits(): boolean {
    return performance.now() < this.#retryAt;
  }

  tryAgain(): void {
    this.#retryAt = Number.NEGATIVE_INFINITY;
  }

  /** Waits for the save in progress. @throws in its save function, which would wait for itself */
  async settled(): Promise<void> {
    if (!this.#underWay) return;
    if (this.#within.getStore()?.over === false)
      throw new Error("a save function can't save, step or pause: it is called to do just that");
    await this.#underWay.catch(() => {});
  }

  /** What the run starts from; null on a first run. Exits 74 where it can't be read now. */
  async find(): Promise<VerifiedCheckpoint | null> {
    const where = this.#where;
    const status = this.#status;
    await sweep(where.checkpointDir, where.keep);
    // A launcher that restarts the program within one run: what it has saved since is newer.
    const own = status.earlierCheckpoint && join(where.checkpointDir, status.earlierCheckpoint);
    const { found, rejected } = await newestVerified(where.checkpointDir, own, where.resumeFrom).catch(
      (error) => this.#leave(error),
    );
    for (const { path, rejected: why } of rejected)
      this.complain(`checkpoint ${path} was passed over: ${why}`);
    if (found) this.#recognise(found);
    this.#savedAt = performance.now();
    return found;
  }

  /** Never throws: returns false if the save failed, now or a moment ago. */
  async attempt(step: number, save: Save, epoch: number | null): Promise<boolean> {
    if (this.waits) return false;
    try {
      await this.write(this.#where.checkpointDir, step, save, epoch);
      return true;
    } catch {
      return false;
    }
  }

  async write(directory: string, step: number, save: Save, epoch: number | null): Promise<SavedCheckpoint> {
    await this.settled();
    const own = directory === this.#where.checkpointDir;
    const at = { over: false };
    const writing = this.#within.run(at, () =>
      own ? this.#writeOwn(step, save, epoch) : writeCheckpoint(directory, step, save, { epoch }),
    );
    this.#underWay = writing;
    try {
      return await writing;
    } finally {
      at.over = true;
      if (this.#underWay === writing) this.#underWay = null;
    }
  }

  /** After a step without `save`. Told once, when the program goes on like this though it was asked to pause. */
  lacking(): void {
    if (this.canPause || !this.#wanted()) return;
    const now = performance.now();
    this.#toldAt ??= now + LACKING_FOR_MS;
    if (now < this.#toldAt) return;
    this.#toldAt = Number.POSITIVE_INFINITY;
    this.complain(
      "asked to pause, but job.step() is called without save, and job.pause() hasn't been called: only these save and exit",
    );
    this.#status.writeNow();
  }

  complain(sentence: string): void {
    this.#status.report.error = errorIn(sentence);
    complain(sentence);
  }

  /** Its next run may be able to read it. */
  #leave(error: unknown): never {
    if (!(error instanceof Unreadable)) throw error;
    this.#status.report.unreadable = true;
    this.complain(error.message);
    process.exit(EXIT_UNREADABLE);
  }

  /** Only a checkpoint in our own directory allows a pause: one brought from elsewhere must be saved anew. */
  #recognise({ step, epoch, path }: VerifiedCheckpoint): void {
    Object.assign(this.#status.report, { step, epoch });
    if (resolve(dirname(path)) !== resolve(this.#where.checkpointDir)) return;
    this.good = { step, path };
    this.#status.report.checkpoint = basename(path);
  }

  async #writeOwn(step: number, save: Save, epoch: number | null): Promise<SavedCheckpoint> {
    const status = this.#status;
    const where = this.#where;
    const { report } = status;
    Object.assign(report, { state: "saving", bytesSaved: 0 });
    status.writeNow();
    const onBytes = (bytes: number): void => {
      report.bytesSaved = bytes;
      status.writeSometimes();
    };
    try {
      const saved = await writeCheckpoint(where.checkpointDir, step, save, { epoch, onBytes });
      this.good = { step, path: saved.path };
      this.#savedAt = performance.now();
      this.tryAgain();
      Object.assign(report, { checkpoint: basename(saved.path), error: null, failedSaves: 0 });
      await keepNewest(saved, where.keep);
      return saved;
    } catch (error) {
      this.#failed(step, error);
      throw error;
    } finally {
      report.state = this.#wanted() ? "pausing" : "running";
      status.writeNow();
    }
  }

  /** A save that can't even be tried. Backs off like one that failed. */
  refuse(sentence: string): void {
    const { report } = this.#status;
    report.failedSaves = (report.failedSaves ?? 0) + 1;
    this.#retryAt =
      performance.now() + Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** (report.failedSaves - 1));
    this.complain(sentence);
  }

  #failed(step: number, error: unknown): void {
    const kept = this.good ? `${basename(this.good.path)} stays the newest` : "there is none yet";
    const why = error instanceof Error ? error.message : String(error);
    this.refuse(`checkpoint at step ${step} failed: ${why}; ${kept}; training goes on`);
    complainWhere(error);
  }
}
