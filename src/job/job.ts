/**
 * The job's side of the pause contract (docs/pause-contract.md): reports, checkpoints, and exits 75 once
 * it has been asked to pause and is saved. Must never crash or slow the training it serves, must never
 * exit 75 without a complete checkpoint, and does nothing without a supervisor.
 */
import { basename, join } from "node:path";
import type { TransformStream } from "node:stream/web";
import { CONTROL_FILE, EXIT_PAUSED } from "../contract/names.ts";
import type { StatusFile } from "../contract/status.ts";
import type { Save } from "./checkpoint/checkpoint-files.ts";
import type { VerifiedCheckpoint } from "./checkpoint/find-checkpoint.ts";
import { Saves } from "./checkpoint/saves.ts";
import { type SavedCheckpoint, writeCheckpoint } from "./checkpoint/write-checkpoint.ts";
import type { Surroundings } from "./environment.ts";
import { Breath, macrotask } from "./hold/breath.ts";
import { type Context, Hold } from "./hold/hold.ts";
import { gateStage, type PausableOptions, throughGate } from "./hold/pausable.ts";
import { type Gatekeeper, Stream } from "./hold/stream.ts";
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

/** Without a supervisor nothing is ever held. */
const ALWAYS_OPEN: Gatekeeper = {
  open: true,
  opened: async () => {},
  breathe: async () => {},
  passed: () => {},
  settled: () => {},
};

export class Job {
  /** What a supervised run has; null without a supervisor. */
  readonly #run: { where: Surroundings; status: Status; saves: Saves; hold: Hold } | null = null;
  readonly #bell: Doorbell;
  readonly #breath = new Breath();
  /** Of a program whose frames all come from one place. */
  #mainStream: Stream | null = null;

  /** @param where null: no supervisor, every method is a no-op */
  constructor(where: Surroundings | null) {
    this.#bell = new Doorbell(where && join(where.statusDir, CONTROL_FILE), () => this.#acknowledge());
    if (!where) return;
    const status = new Status(where);
    const saves = new Saves(where, status, () => this.#bell.wanted);
    const hold = new Hold(this.#bell, status, saves, () => this.#leave());
    this.#run = { where, status, saves, hold };
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
    await this.#breath.take();
    const { save, epoch } = progress;
    if (!save) return saves.lacking();
    saves.canPause = true;
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
    saves.canPause = true;
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
   * fail and names them in the status. When a pause, but no standby, is already requested, exits 75 at
   * once, since nothing is lost: better than loading a model only to save it again. If the checkpoint
   * that it needs can't be read now, exits 74: a run without it might repeat work that it holds. Never throws.
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
    // A standby waits for the streams, which are still to come.
    if (this.#run.saves.good && this.#bell.wanted && this.#bell.word !== "standby") this.#leave();
    return found;
  }

  /**
   * For inference and playback: call before every frame. Resolves at once, or, while the job is held, when
   * it goes on. All calls are one stream; a program with several, or with frames in bursts, uses `stream`.
   * @throws Error only when a save function calls it, which would wait for itself
   */
  gate(): Promise<void> {
    this.#mainStream ??= this.stream("main");
    return this.#mainStream.gate();
  }

  /** A stream with a gate of its own. The job stands by once every stream is held or has ended. */
  stream(name = "stream", { source = "computes" }: PausableOptions = {}): Stream {
    if (!this.#run) return new Stream(name, ALWAYS_OPEN, false);
    claimForGood(process.env);
    this.#run.saves.canPause = true;
    return this.#run.hold.stream(name, source === "computes");
  }

  /** The same frames, each let through a gate: none is dropped or repeated. */
  pausable<T>(
    frames: AsyncIterable<T> | Iterable<T>,
    options: PausableOptions = {},
  ): AsyncGenerator<T, void, void> {
    return throughGate(this.stream(options.name ?? "frames", options), frames, options.source);
  }

  /** The same as a stage of a Web stream: `frames.pipeThrough(job.pausableStage())`. */
  pausableStage<T>(options: PausableOptions = {}): TransformStream<T, T> {
    return gateStage(this.stream(options.name ?? "frames", { ...options, source: "waits" }));
  }

  /**
   * Tells how the streams' context is saved: when the job has to leave the machine they are held, this is
   * saved as a checkpoint, and the process exits 75; `resume` returns it. Every `checkpoint.everyMinutes`
   * they are held for as long as it takes to save.
   */
  keep(context: Context): void {
    if (this.#run) this.#run.hold.context = context;
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
    this.#run?.hold.heed();
    this.#run?.status.writeNow();
  }

  /** Immediately, even in the middle of a save: the supervisor stops ringing when it reads the sequence. */
  #acknowledge(): void {
    if (!this.#run) return;
    const { status, hold } = this.#run;
    status.report.sequence = this.#bell.sequence;
    if (this.#bell.wanted && /^(ready|running)$/.test(status.report.state)) status.report.state = "pausing";
    hold.heed();
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
