/**
 * One job as replay plays it: it loads, works, saves when it is asked, and leaves, each for as long as was
 * recorded of it. It works whenever it runs and isn't held; it never fails by itself. Shows what a real run
 * would show, so that the same lifecycle judges it. Durations in ms.
 */
import { EXIT_PAUSED } from "../../contract/names.ts";
import { type Job, savesBy } from "../../model/job.ts";
import type { DriverCall } from "../../model/park.ts";
import type { Checkpoint, Run } from "../../model/run.ts";
import type { Seen } from "../../model/seen.ts";
import type { Now } from "../../model/time.ts";
import { ModelCheckpoints } from "./model-checkpoints.ts";
import { AFTER, type Life } from "./model-life.ts";
import { type Habits, seenOf, stepOf } from "./model-sight.ts";

/** What it did with its time. `redone`: work that was lost and had to be done again, as far as it was. */
export interface Spent {
  workedMs: number;
  loadingMs: number;
  savingMs: number;
  redoneMs: number;
  heldMs: number;
}

export class ModelJob {
  readonly spent: Spent = { workedMs: 0, loadingMs: 0, savingMs: 0, redoneMs: 0, heldMs: 0 };
  readonly #habits: Habits;
  readonly #saved = new ModelCheckpoints();
  #workMs = 0;
  #life: Life | null = null;
  #at: Now;

  constructor(habits: Habits, at: Now) {
    this.#habits = habits;
    this.#at = at;
  }

  get checkpoints(): Checkpoint[] {
    return this.#saved.all;
  }

  /** Its run has processes. */
  get isLive(): boolean {
    return this.#life !== null && this.#life.exit === null;
  }

  /** It uses more than memory. */
  get isActive(): boolean {
    return this.isLive && this.#life?.held === null;
  }

  /** Its VRAM was moved into host memory. */
  get isMoved(): boolean {
    return this.isLive && this.#life?.driver?.state === "checkpointed";
  }

  /** When its run began, in ticks since the recorded boot; null without a run. */
  get began(): number | null {
    return this.#life?.began ?? null;
  }

  /** Ms until it does something of its own accord; null while it only works on. */
  nextMs(everyMinutes: number): number | null {
    const life = this.#life;
    if (life === null || life.exit !== null || life.held !== null) return null;
    if (life.loadMs > 0 || life.saveMs !== null) return 0;
    const save = everyMinutes > 0 ? everyMinutes * 60_000 - life.sinceSaveMs : Number.POSITIVE_INFINITY;
    const end = this.#habits.workMs === null ? Number.POSITIVE_INFINITY : this.#habits.workMs - this.#workMs;
    const next = Math.min(save, end);
    return Number.isFinite(next) ? Math.max(0, next) : null;
  }

  /** `began`: in ticks since boot, as the recorded processes have theirs. `loaded`: it was at work before the span. */
  launch(run: Run, from: Checkpoint | null, place: { pid: number; began: number; loaded?: true }): void {
    this.#workMs = from === null ? 0 : (this.#saved.workIn(from.path) ?? this.#workMs);
    this.#life = {
      id: run.id,
      pid: place.pid,
      began: place.began,
      baseStep: run.resumedAtStep ?? 0,
      resumed: run.number > 1,
      loadMs: place.loaded ? 0 : this.#habits.costs.loadAt(this.#at.wallMs),
      saveMs: null,
      leaveMs: 0,
      isSaved: false,
      sinceSaveMs: 0,
      workMs: 0,
      sequence: 0,
      held: null,
      exit: null,
    };
  }

  /** The supervisor's word: read by those that have the library. */
  control(want: "run" | "pause" | "standby" | "release", sequence: number): void {
    const life = this.#life;
    if (life === null || this.#habits.understands !== "contract") return;
    life.sequence = sequence;
    if (want === "run") life.held = null;
    else if (want === "standby") life.held = "standby";
    else {
      life.held = null;
      this.#askToSave(life);
    }
  }

  /** The pause signal: what a program without the library saves on. */
  ring(): void {
    if (this.#life !== null && this.#habits.understands === "signal") this.#askToSave(this.#life);
  }

  freeze(): void {
    if (this.#life !== null) this.#life.held = "frozen";
  }

  thaw(): void {
    if (this.#life?.held === "frozen") this.#life.held = null;
  }

  /** A call of the driver about its VRAM: it does its work at once. */
  drive(call: DriverCall, number: number): void {
    const life = this.#life;
    if (life === null) return;
    const state = call === "look" ? (life.driver?.state ?? "running") : AFTER[call];
    life.driver = { number, state };
  }

  /** Ended from outside: what it hasn't saved is lost. */
  end(signal: "SIGTERM" | "SIGKILL"): void {
    const life = this.#life;
    if (life === null || life.exit !== null) return;
    const code = signal === "SIGTERM" ? 143 : 137;
    life.exit = { known: true, code, signal };
    const saved = this.#saved.savedMs;
    this.spent.redoneMs += Math.max(0, this.#workMs - saved);
    this.#workMs = Math.min(this.#workMs, saved);
  }

  /** Begins the full check of a checkpoint. */
  verify(path: string): void {
    this.#saved.check(path, this.#habits.costs.checkAt(this.#at.wallMs));
  }

  /** Lets the time until `to` pass. `everyMinutes`: between its own checkpoints. */
  advance(job: Job, to: Now): void {
    const ms = to.monotonicMs - this.#at.monotonicMs;
    this.#at = to;
    this.#saved.pass(ms);
    const life = this.#life;
    if (ms <= 0 || life === null || life.exit !== null) return;
    if (life.held !== null) {
      this.spent.heldMs += ms;
      return;
    }
    // What can't be asked saves by itself, some time after somebody has come to need the room.
    const waitsForSave = job.state.name === "pausing" && savesBy(job) === "itself";
    if (waitsForSave && life.saveMs === null) this.#askToSave(life);
    const left = this.#load(life, ms);
    if (life.saveMs === null) this.#work(life, job, left);
    else this.#save(life, job, left);
  }

  look(job: Job, run: Run): Seen {
    const life = this.#life?.id === run.id ? this.#life : null;
    const { all: checkpoints } = this.#saved;
    return seenOf(life, { job, habits: this.#habits, checkpoints, wallMs: this.#at.wallMs });
  }

  #askToSave(life: Life): void {
    if (life.saveMs !== null) return;
    const { saveMs, leaveMs } = this.#habits.costs.pauseAt(this.#at.wallMs);
    life.saveMs = saveMs;
    life.leaveMs = leaveMs;
  }

  #load(life: Life, ms: number): number {
    const spent = Math.min(life.loadMs, ms);
    life.loadMs -= spent;
    // A first start loads whatever the policy is.
    if (life.resumed) this.spent.loadingMs += spent;
    return ms - spent;
  }

  #work(life: Life, job: Job, ms: number): void {
    const done = Math.min(ms, (this.#habits.workMs ?? Number.POSITIVE_INFINITY) - this.#workMs);
    this.#workMs += done;
    life.workMs += done;
    this.spent.workedMs += done;
    life.sinceSaveMs += done;
    const every = job.spec.checkpoint.everyMinutes * 60_000;
    if (every > 0 && life.sinceSaveMs >= every) this.#keep(life, job, this.#at.wallMs);
    if (this.#habits.workMs !== null && this.#workMs >= this.#habits.workMs)
      life.exit = { known: true, code: 0, signal: null };
  }

  #save(life: Life, job: Job, ms: number): void {
    const saving = Math.min(life.saveMs ?? 0, ms);
    life.saveMs = (life.saveMs ?? 0) - saving;
    this.spent.savingMs += saving;
    if (life.saveMs > 0) return;
    if (!life.isSaved) this.#keep(life, job, this.#at.wallMs - (ms - saving));
    life.isSaved = true;
    const leaving = Math.min(life.leaveMs, ms - saving);
    life.leaveMs -= leaving;
    this.spent.savingMs += leaving;
    // One that saves by itself works on until it is ended.
    if (life.leaveMs <= 0 && savesBy(job) !== "itself")
      life.exit = { known: true, code: EXIT_PAUSED, signal: null };
  }

  #keep(life: Life, job: Job, wallMs: number): void {
    life.sinceSaveMs = 0;
    const step = stepOf(life, this.#habits);
    const verified = job.spec.checkpoint.glob === undefined ? "quick" : "size and age only";
    const path = `replay/${job.name}/step-${step}`;
    this.#saved.keep({ path, step, epoch: null, bytes: 0, createdAtMs: wallMs, verified }, this.#workMs);
  }
}
