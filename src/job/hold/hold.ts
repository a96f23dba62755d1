/**
 * Holds the streams of a job: closes the gate at the supervisor's word, says `standby` once every stream
 * is held, and on a word to leave saves the job's context and exits 75. Must never say `standby` while a
 * stream may still be at work, and never drop a frame.
 */
import type { Save } from "../checkpoint/checkpoint-files.ts";
import type { Saves } from "../checkpoint/saves.ts";
import type { Doorbell } from "../report/doorbell.ts";
import type { Status } from "../report/status.ts";
import { Breath } from "./breath.ts";
import { type Gatekeeper, Stream } from "./stream.ts";

/** What a job needs to go on in another process with the very next frame. */
export interface Context {
  /** How far it is: a whole number ≥ 0 that grows, such as frames played. Names the checkpoint. */
  position(): number;
  /** Writes the rest: queue, offsets, recurrent state. Called while every stream is held. */
  save: Save;
}

/** How often the word is read while the job is held: a lost signal costs no more. */
const LOOK_EVERY_MS = 500;
const PROGRESS_EVERY_MS = 1000;

export class Hold implements Gatekeeper {
  open = true;
  context: Context | null = null;
  readonly #bell: Doorbell;
  readonly #status: Status;
  readonly #saves: Saves;
  readonly #leave: () => never;
  readonly #streams = new Set<Stream>();
  readonly #breath = new Breath();
  #waiting: (() => void)[] = [];
  #looking: NodeJS.Timeout | null = null;
  #saving = false;
  #frames = 0;
  #framesAtSave = 0;
  #notedAt = Number.NEGATIVE_INFINITY;

  constructor(bell: Doorbell, status: Status, saves: Saves, leave: () => never) {
    this.#bell = bell;
    this.#status = status;
    this.#saves = saves;
    this.#leave = leave;
  }

  /** A new stream; the first makes this a job that stands by. */
  stream(name: string, busy: boolean): Stream {
    this.#bell.standBy();
    const stream = new Stream(name, this, busy);
    this.#streams.add(stream);
    this.heed();
    return stream;
  }

  /** Acts on the word in force. Nothing happens in a job without streams. */
  heed(): void {
    if (this.#streams.size === 0 && this.open && this.#frames === 0) return;
    if (this.#bell.word === "run") this.#goOn();
    else if (this.open) this.#close();
    else this.#proceed();
  }

  async opened(): Promise<void> {
    await this.#saves.settled();
    if (this.open) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      // Nothing else may keep the process alive, and a held stream isn't over.
      this.#looking?.ref();
    });
  }

  async breathe(): Promise<void> {
    this.#bell.readSometimes();
    await this.#breath.take();
  }

  passed(): void {
    this.#frames += 1;
    const now = performance.now();
    if (this.#status.report.state !== "ready" && now - this.#notedAt < PROGRESS_EVERY_MS) return;
    this.#notedAt = now;
    this.#note();
    this.#status.progress(this.#position() ?? this.#frames, {});
  }

  settled(stream: Stream): void {
    if (stream.ended) this.#streams.delete(stream);
    if (!this.open) this.#proceed();
  }

  #close(): void {
    this.open = false;
    this.#looking ??= setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
    this.#report("pausing");
    this.#proceed();
  }

  #goOn(): void {
    if (this.#looking !== null) clearInterval(this.#looking);
    this.#looking = null;
    if (!this.open) this.#reopen();
  }

  #reopen(): void {
    this.open = true;
    this.#looking?.unref();
    for (const goOn of this.#waiting.splice(0)) goOn();
    this.#report("running");
  }

  #look(): void {
    this.#bell.read();
    if (this.#bell.word === "run" || this.#saving || this.#saves.waits) return;
    if (this.open) this.#close();
    else this.#proceed();
  }

  /** Once every stream is held: standby is reached, or the context can be saved. */
  #proceed(): void {
    if (this.#saving || this.open) return;
    const wanted = this.#bell.word === "standby" ? "standby" : "pausing";
    if ([...this.#streams].some((stream) => !stream.held)) {
      this.#report("pausing");
      return;
    }
    if (wanted === "standby") this.#report("standby");
    else if (!this.#saves.waits) void this.#saveAndLeave();
  }

  async #saveAndLeave(): Promise<void> {
    this.#saving = true;
    const standing = this.#status.report.state === "standby" || this.#bell.word === "release";
    const saved = await this.#saveContext();
    this.#saving = false;
    if (saved) this.#leave();
    // What was asked to leave its standby stays there; streams that were running go on, and try again.
    if (standing) this.#report("standby");
    else this.#reopen();
  }

  async #saveContext(): Promise<boolean> {
    const { context } = this;
    const position = this.#position();
    if (context === null || position === null) {
      const lacks = context === null ? "job.keep() was never called" : "its position can't be told";
      this.#saves.refuse(`can't save its context: ${lacks}`);
      return false;
    }
    if (this.#saves.good?.step === position && this.#frames === this.#framesAtSave) return true;
    if (!(await this.#saves.attempt(position, context.save, null))) return false;
    this.#framesAtSave = this.#frames;
    return true;
  }

  #position(): number | null {
    try {
      return this.context?.position() ?? null;
    } catch {
      return null; // The program's own mistake must not break its streams.
    }
  }

  #note(): void {
    const streams = [...this.#streams];
    this.#status.report.streams = {
      open: streams.length,
      held: streams.filter((stream) => stream.held).length,
    };
  }

  #report(state: "pausing" | "standby" | "running"): void {
    const { report } = this.#status;
    const before = JSON.stringify([report.state, report.streams]);
    this.#note();
    if (report.state !== "ready" || state !== "running") report.state = state;
    if (JSON.stringify([report.state, report.streams]) !== before) this.#status.writeNow();
  }
}
