/**
 * The job's side of the pause contract (docs/pause-contract.md): reports, checkpoints, and exits 75
 * when it has been asked to pause and is saved. Must never crash or slow the training it serves,
 * must never exit 75 without a complete checkpoint, and does nothing where there is no supervisor.
 */
import { basename, dirname, join, resolve } from "node:path";
import { CONTROL_FILE, EXIT_PAUSED } from "../contract.ts";
import { complain } from "./complain.ts";
import { Doorbell } from "./doorbell.ts";
import type { Surroundings } from "./environment.ts";
import { newestVerified, type VerifiedCheckpoint } from "./find-checkpoint.ts";
import { keepNewest, sweep } from "./keep-checkpoints.ts";
import { type Numbers, type Report, Status } from "./status.ts";
import { type Save, type SavedCheckpoint, writeCheckpoint } from "./write-checkpoint.ts";

export interface Progress extends Numbers {
  /** Writes everything that a resume needs. Without it `step` reports, but neither checkpoints nor pauses. */
  save?: Save;
}

export interface SaveOptions {
  epoch?: number | null | undefined;
  /** Where `step-<n>/` is written; by default the directory that the supervisor gave. */
  directory?: string;
}

/** Signal handlers run between macrotasks, so a loop of resolved promises is interrupted this often. */
const YIELD_EVERY_MS = 50;
/** A save that failed is tried again after the first, doubling up to the second. */
const RETRY_MS = { first: 10_000, most: 300_000 } as const;

const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class Job {
  private readonly where: Surroundings | null;
  private readonly status: Status | null;
  private readonly bell: Doorbell;
  private yieldedAt = performance.now();
  private savedAt = performance.now();
  private retryAt = Number.NEGATIVE_INFINITY;
  /** The newest complete checkpoint of this run's line of steps. */
  private good: { step: number; path: string } | null = null;
  private saving: Promise<unknown> | null = null;

  /** @param where null: no supervisor, every method is a no-op */
  constructor(where: Surroundings | null) {
    this.where = where;
    this.status = where && new Status(where);
    this.bell = new Doorbell(where && join(where.statusDir, CONTROL_FILE), () => this.acknowledge());
    if (!where) return;
    // The handler first, the file second: a ring between the two is heard by one of them.
    this.listen(where.pauseSignal);
    process.on("exit", (code) => this.reportExit(code));
    this.bell.read();
    this.status?.writeNow();
  }

  /** False when the program was started by hand. */
  get supervised(): boolean {
    return this.where !== null;
  }

  /** What this process reports of itself; null without a supervisor. */
  get report(): Readonly<Report> | null {
    return this.status && { ...this.status.report };
  }

  /**
   * True from the moment a pause is asked for; a few nanoseconds. A loop that never yields runs no
   * signal handler: there control.json itself is read, at most every 200 ms and 64 calls.
   */
  shouldPause(): boolean {
    return this.bell.shouldPause();
  }

  /**
   * Call once after every training step. Reports progress, checkpoints when one is due, and, when a
   * pause is asked for, saves, reports `paused` and exits 75 (it then never returns). Never throws.
   * @param step completed steps, a whole number; what a resume starts from
   */
  async step(step: number, progress: Progress = {}): Promise<void> {
    if (!this.where || !this.status) return;
    if (this.saving) await this.saving.catch(() => {});
    this.status.progress(step, progress);
    this.bell.readSometimes();
    if (performance.now() - this.yieldedAt >= YIELD_EVERY_MS) {
      await macrotask();
      this.yieldedAt = performance.now();
    }
    const { save, epoch } = progress;
    if (!save) return;
    const due = performance.now() - this.savedAt >= this.where.checkpointEveryMs;
    if (due && !this.bell.wanted) await this.trySave(step, save, epoch);
    if (this.bell.wanted) await this.pause(step, save, epoch);
  }

  /**
   * Saves, reports `paused` and exits 75. Returns only without a supervisor, or when the save failed:
   * training then goes on, and a later call tries again (after 10 s at first, or at the next ring).
   */
  async pause(step: number, save: Save, epoch?: number): Promise<void> {
    if (!this.where || !this.status) return;
    if (this.saving) await this.saving.catch(() => {});
    this.status.report.step = step;
    if (this.good?.step === step || (await this.trySave(step, save, epoch))) this.leave();
    await macrotask();
  }

  /**
   * Writes a checkpoint now.
   * @returns where it lies; null without a supervisor and without a `directory`
   * @throws on any error of `save` or of the disk; older checkpoints are then untouched
   */
  async save(step: number, save: Save, options: SaveOptions = {}): Promise<SavedCheckpoint | null> {
    const directory = options.directory ?? this.where?.checkpointDir;
    if (!directory) return null;
    if (this.saving) await this.saving.catch(() => {});
    const writing = this.write(directory, step, save, options.epoch ?? null);
    this.saving = writing;
    try {
      return await writing;
    } finally {
      if (this.saving === writing) this.saving = null;
    }
  }

  /**
   * The newest checkpoint of which every hash is right, read in full; null on a first run. Those that
   * aren't are passed over and named in the status. When a pause is asked for already, this exits 75
   * at once, since nothing would be lost: better than loading a model only to save it again.
   */
  async resume(): Promise<VerifiedCheckpoint | null> {
    if (!this.where || !this.status) return null;
    await sweep(this.where.checkpointDir, this.where.keep);
    const { found, rejected } = await newestVerified(this.where.checkpointDir, this.where.resumeFrom);
    for (const { path, rejected: why } of rejected)
      this.complain(`checkpoint ${path} was passed over: ${why}`);
    if (found) {
      Object.assign(this.status.report, { step: found.step, epoch: found.epoch });
      this.recognise(found);
    }
    this.savedAt = performance.now();
    this.status.writeNow();
    await macrotask();
    if (this.good && this.bell.wanted) this.leave();
    return found;
  }

  /** Optional: says `finished` before a long evaluation or upload. Exit code 0 says the same. */
  finished(): void {
    if (!this.status) return;
    this.status.report.state = "finished";
    this.status.writeNow();
  }

  /** Only a checkpoint in our own directory can be paused on: one brought from elsewhere must be saved anew. */
  private recognise({ step, path }: VerifiedCheckpoint): void {
    if (resolve(dirname(path)) !== resolve((this.where as Surroundings).checkpointDir)) return;
    this.good = { step, path };
    (this.status as Status).report.checkpoint = basename(path);
  }

  /** Never throws: a checkpoint that can't be written must not stop the training it would protect. */
  private async trySave(step: number, save: Save, epoch: number | undefined): Promise<boolean> {
    if (performance.now() < this.retryAt) return false;
    try {
      await this.save(step, save, { epoch });
      return true;
    } catch {
      return false;
    }
  }

  private async write(
    directory: string,
    step: number,
    save: Save,
    epoch: number | null,
  ): Promise<SavedCheckpoint> {
    const { status, where } = this;
    if (!status || !where || directory !== where.checkpointDir)
      return writeCheckpoint(directory, step, save, { epoch });
    const { report } = status;
    Object.assign(report, { state: "saving", bytesSaved: 0 });
    status.writeNow();
    const onBytes = (bytes: number): void => {
      report.bytesSaved = bytes;
      status.writeSometimes();
    };
    try {
      const saved = await writeCheckpoint(directory, step, save, { epoch, onBytes });
      this.good = { step, path: saved.path };
      this.savedAt = performance.now();
      Object.assign(report, { checkpoint: basename(saved.path), error: null, failedSaves: 0 });
      await keepNewest(saved, where.keep);
      return saved;
    } catch (error) {
      this.saveFailed(step, error as Error);
      throw error;
    } finally {
      report.state = this.bell.wanted ? "pausing" : "running";
      status.writeNow();
    }
  }

  private saveFailed(step: number, error: Error): void {
    const { report } = this.status as Status;
    report.failedSaves = (report.failedSaves ?? 0) + 1;
    this.retryAt =
      performance.now() + Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** (report.failedSaves - 1));
    const kept = this.good ? `${basename(this.good.path)} stays the newest` : "there is none yet";
    this.complain(`checkpoint at step ${step} failed: ${error.message}; ${kept}; training goes on`);
  }

  private complain(sentence: string): void {
    if (this.status) this.status.report.error = sentence;
    complain(sentence);
  }

  private listen(signal: NodeJS.Signals): void {
    try {
      process.on(signal, () => this.ring());
    } catch {
      // A system without this signal; control.json is read every now and then all the same.
    }
  }

  /** Idempotent: the supervisor rings until it has read the acknowledgement. */
  private ring(): void {
    // Somebody who rings again has perhaps made room on the disk.
    this.retryAt = Number.NEGATIVE_INFINITY;
    this.bell.ring();
    this.status?.writeNow();
  }

  /** At once, even in the middle of a save: the supervisor stops ringing when it reads the sequence. */
  private acknowledge(): void {
    const status = this.status as Status;
    status.report.sequence = this.bell.sequence;
    if (this.bell.wanted && /^(ready|running)$/.test(status.report.state)) status.report.state = "pausing";
    status.writeNow();
  }

  private leave(): never {
    const { report } = this.status as Status;
    if (this.good) report.checkpoint = basename(this.good.path);
    // The exit hook writes the state; nothing may come between it and the exit.
    process.exit(EXIT_PAUSED);
  }

  private reportExit(code: number): void {
    const { report } = this.status as Status;
    if (code === EXIT_PAUSED) report.state = "paused";
    else report.state = code === 0 ? "finished" : "failed";
    this.status?.writeNow();
  }
}
