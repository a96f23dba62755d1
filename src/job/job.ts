/**
 * The job's side of the pause contract (docs/pause-contract.md): reports, checkpoints, and exits 75 once
 * it has been asked to pause and is saved. Must never crash or slow the training it serves, must never
 * exit 75 without a complete checkpoint, and does nothing without a supervisor.
 */
import { basename, join } from "node:path";
import { CONTROL_FILE, EXIT_PAUSED } from "../contract/names.ts";
import type { StatusFile } from "../contract/status.ts";
import type { Save } from "./checkpoint/checkpoint-files.ts";
import type { VerifiedCheckpoint } from "./checkpoint/find-checkpoint.ts";
import { Saves } from "./checkpoint/saves.ts";
import { type SavedCheckpoint, writeCheckpoint } from "./checkpoint/write-checkpoint.ts";
import type { Surroundings } from "./environment.ts";
import { Doorbell } from "./report/doorbell.ts";
import { claimForGood, tellOfOtherSpeaker } from "./report/speaker.ts";
import { type Numbers, Status } from "./report/status.ts";

export interface Progress extends Numbers {
  /** Writes everything that a resume needs. Without it `step` reports, but neither checkpoints nor pauses. */
  save?: Save;
}

export interface PauseOptions {
  /** Epochs completed, whole or fractional; a resume gets the value back. */
  epoch?: number | null | undefined;
}

export interface SaveOptions extends PauseOptions {
  /** Where `step-<n>/` is written; defaults to the directory that the supervisor gave. */
  directory?: string;
}

/** Signal handlers run between macrotasks, so a loop of resolved promises is interrupted this often. */
const YIELD_EVERY_MS = 50;

const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class Job {
  /** What a supervised run has; null without a supervisor. */
  readonly #run: { where: Surroundings; status: Status; saves: Saves } | null = null;
  readonly #bell: Doorbell;
  #yieldedAt = performance.now();

  /** @param where null: no supervisor, every method is a no-op */
  constructor(where: Surroundings | null) {
    this.#bell = new Doorbell(where && join(where.statusDir, CONTROL_FILE), () => this.#acknowledge());
    if (!where) return;
    const status = new Status(where);
    this.#run = { where, status, saves: new Saves(where, status, () => this.#bell.wanted) };
    // The handler first, the file second: one of them catches a ring in between.
    this.#listen(where.pauseSignal);
    process.on("exit", (code) => this.#reportExit(code));
    this.#bell.read();
    status.writeNow();
  }

  /** False when the program was started by hand, and in its worker processes. */
  get supervised(): boolean {
    return this.#run !== null;
  }

  /** This process's status report; null without a supervisor. */
  get report(): Readonly<StatusFile> | null {
    return this.#run && { ...this.#run.status.report };
  }

  /**
   * True from the moment a pause is requested; costs a few nanoseconds. A loop that never yields runs no
   * signal handler: for such a loop it reads control.json itself, at most every 200 ms and 64 calls.
   */
  shouldPause(): boolean {
    return this.#bell.shouldPause();
  }

  /**
   * Call once after every training step. Reports progress, checkpoints when one is due, and, when a
   * pause is requested, saves, reports `paused` and exits 75 (it then never returns). Reports a failed
   * save in the status and on stderr.
   * @param step completed steps, a whole number ≥ 0; what a resume starts from
   * @throws Error only when a save function calls it, which would wait for itself
   */
  async step(step: number, progress: Progress = {}): Promise<void> {
    if (!this.#run) return;
    const { status, saves } = this.#run;
    await saves.settled();
    if (status.report.state === "ready") claimForGood(process.env);
    status.progress(step, progress);
    this.#bell.readSometimes();
    if (performance.now() - this.#yieldedAt >= YIELD_EVERY_MS) {
      await macrotask();
      this.#yieldedAt = performance.now();
    }
    const { save, epoch } = progress;
    if (!save) return;
    if (saves.due && !this.#bell.wanted) await saves.attempt(step, save, epoch ?? null);
    if (this.#bell.wanted) await this.pause(step, save, { epoch });
  }

  /**
   * Saves, reports `paused` and exits 75. Returns only without a supervisor, or when the save failed:
   * training then continues, and a later call retries (after 10 s at first, or at the next ring).
   * @param step completed steps, a whole number ≥ 0
   * @throws Error only when a save function calls it
   */
  async pause(step: number, save: Save, { epoch = null }: PauseOptions = {}): Promise<void> {
    if (!this.#run) return;
    const { status, saves } = this.#run;
    await saves.settled();
    status.report.step = step;
    if (saves.good?.step === step || (await saves.attempt(step, save, epoch))) this.#leave();
    await macrotask();
  }

  /**
   * Writes a checkpoint now.
   * @param step completed steps, a whole number ≥ 0
   * @returns its path; null without a supervisor and without a `directory`
   * @throws RangeError on another `step`, or if `manifest.json` would be larger than 16 MiB; whatever
   * `save` or the disk throws (ENOSPC, EACCES …); Error when a save function calls it. Older checkpoints
   * are then untouched
   */
  async save(
    step: number,
    save: Save,
    { epoch = null, directory: given }: SaveOptions = {},
  ): Promise<SavedCheckpoint | null> {
    const directory = given ?? this.#run?.where.checkpointDir;
    if (!directory) return null;
    if (!this.#run) return writeCheckpoint(directory, step, save, { epoch });
    return this.#run.saves.write(directory, step, save, epoch);
  }

  /**
   * The newest checkpoint with every hash correct, read in full; null on a first run. Skips those that
   * fail and names them in the status. When a pause is already requested, exits 75 at once, since
   * nothing is lost: better than loading a model only to save it again. Never throws.
   */
  async resume(): Promise<VerifiedCheckpoint | null> {
    if (!this.#run) {
      tellOfOtherSpeaker(process.env);
      return null;
    }
    claimForGood(process.env);
    const found = await this.#run.saves.find();
    this.#run.status.writeNow();
    await macrotask();
    if (this.#run.saves.good && this.#bell.wanted) this.#leave();
    return found;
  }

  /** Optional: reports `finished` before a long evaluation or upload. Exit code 0 says the same. */
  finished(): void {
    if (!this.#run) return;
    this.#run.status.report.state = "finished";
    this.#run.status.writeNow();
  }

  #listen(signal: NodeJS.Signals): void {
    try {
      process.on(signal, () => this.#ring());
    } catch {
      // A system without this signal; control.json is still read every now and then.
    }
  }

  /** Idempotent: the supervisor rings until it has read the acknowledgement. */
  #ring(): void {
    // A repeated ring may mean that there is room on the disk now.
    this.#run?.saves.tryAgain();
    this.#bell.ring();
    this.#run?.status.writeNow();
  }

  /** Immediately, even in the middle of a save: the supervisor stops ringing when it reads the sequence. */
  #acknowledge(): void {
    if (!this.#run) return;
    const { status } = this.#run;
    status.report.sequence = this.#bell.sequence;
    if (this.#bell.wanted && /^(ready|running)$/.test(status.report.state)) status.report.state = "pausing";
    status.writeNow();
  }

  #leave(): never {
    const good = this.#run?.saves.good;
    if (this.#run && good) this.#run.status.report.checkpoint = basename(good.path);
    // The exit hook writes the state; nothing may come between it and the exit.
    process.exit(EXIT_PAUSED);
  }

  #reportExit(code: number): void {
    if (!this.#run) return;
    const { status } = this.#run;
    status.report.state = code === EXIT_PAUSED ? "paused" : code === 0 ? "finished" : "failed";
    status.writeNow();
  }
}
