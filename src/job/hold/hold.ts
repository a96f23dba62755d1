/**
 * Holds the streams of a job: closes the gate at the supervisor's word, says `standby` once every stream
 * is held, and on a word to leave saves the job's context and exits 75. Closes it for a moment, too, when a
 * checkpoint is due. Must never say `standby` while a stream may still be at work, and never drop a frame.
 */
import type { Control } from "../../contract/control.ts";
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
/** The others wait no longer for a stream that is late when a checkpoint is due. */
const GATHER_MS = 1000;

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
  #gathering: NodeJS.Timeout | null = null;
  #standsBy = false;
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
    this.#standsBy = true;
    this.#bell.standBy();
    const stream = new Stream(name, this, busy);
    this.#streams.add(stream);
    this.heed();
    return stream;
  }

  /** Acts on the word in force. Nothing happens in a job without streams. */
  heed(): void {
    // Opened in the middle of a save, the gate would let frames pass that aren't in it.
    if (!this.#standsBy || this.#saving) return;
    if (this.#bell.word === "run") this.#goOn();
    else if (this.open || this.#looking === null) this.#close();
    else this.#proceed();
  }

  async opened(): Promise<void> {
    await this.#saves.settled();
    if (this.open) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      // Nothing else may keep the process alive, and a held stream isn't over.
      for (const timer of [this.#looking, this.#gathering]) timer?.ref();
    });
  }

  async breathe(): Promise<void> {
    this.#bell.readSometimes();
    await this.#breath.take();
  }

  passed(): void {
    this.#frames += 1;
    if (this.#saves.due && !this.#saves.waits && this.context !== null) this.#gather();
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
    this.#endGathering();
    this.open = false;
    this.#looking ??= setInterval(() => this.#look(), LOOK_EVERY_MS);
    // Streams may be at the gate already, held for a checkpoint.
    if (this.#waiting.length === 0) this.#looking.unref();
    this.#report("pausing");
    this.#proceed();
  }

  /** A checkpoint is due: every stream is held until the context is saved. */
  #gather(): void {
    if (!this.open) return;
    this.open = false;
    this.#gathering = setTimeout(() => {
      const late = [...this.#streams].find((stream) => !stream.held)?.name;
      // Held since their last frame went on: none has come to the gate.
      if (late === undefined) {
        this.#proceed();
        return;
      }
      this.#saves.refuse(`can't save its context: stream '${late}' is at work on one frame for too long`);
      this.#reopen();
    }, GATHER_MS).unref();
  }

  #goOn(): void {
    if (this.#looking !== null) clearInterval(this.#looking);
    this.#looking = null;
    if (!this.open && this.#gathering === null) this.#reopen();
  }

  #reopen(): void {
    this.#endGathering();
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
    const { word } = this.#bell;
    if ([...this.#streams].some((stream) => !stream.held)) {
      if (word !== "run") this.#report("pausing");
      return;
    }
    this.#endGathering();
    if (word === "standby") this.#report("standby");
    else if (!this.#saves.waits) void this.#save(word);
    else if (word === "run") this.#reopen();
  }

  #endGathering(): void {
    if (this.#gathering !== null) clearTimeout(this.#gathering);
    this.#gathering = null;
  }

  async #save(word: Control["want"]): Promise<void> {
    this.#saving = true;
    const standing = this.#status.report.state === "standby" || word === "release";
    const saved = await this.#saveContext();
    this.#saving = false;
    // A release may be taken back as long as the job is there.
    if (word === "run" || this.#bell.word === "run") this.heed();
    else if (saved) this.#leave();
    // What was asked to leave its standby stays there; streams that were running go on, and try again.
    else if (standing) this.#report("standby");
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
