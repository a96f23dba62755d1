/**
 * Calls `tick` at a steady pace, and sooner when woken. Never runs two ticks at once, and never turns a
 * flood of wakes into a flood of ticks.
 */
import { elapsedMs } from "../clock.ts";

/** Two ticks are at least this far apart, however often the loop is woken. */
const MIN_GAP_MS = 20;

interface LoopOptions {
  tick: () => void;
  /** Read before each wait, so that a changed config takes effect at once. */
  pollMs: () => number;
  /** Called when `tick` throws, which ends the loop: a program in an unknown state must not go on acting. */
  onBug: (error: unknown) => void;
}

/** Runs from its construction until `stop`, or until a tick throws. */
export class Loop {
  readonly #options: LoopOptions;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;
  #woken = false;
  #lastMs = Number.NEGATIVE_INFINITY;
  #dueMs = 0;

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#runIn(0);
  }

  /** Has a tick run soon. */
  wake(): void {
    if (this.#woken || this.#stopped) return;
    this.#woken = true;
    this.#runIn(this.#lastMs + MIN_GAP_MS - elapsedMs());
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  #run(): void {
    this.#woken = false;
    this.#lastMs = elapsedMs();
    try {
      this.#options.tick();
    } catch (error) {
      this.stop();
      this.#options.onBug(error);
      return;
    }
    this.#scheduleNext();
  }

  /** A tick on time keeps the beat, without drift. After an early tick or a long sleep a new beat starts. */
  #scheduleNext(): void {
    if (this.#woken) return;
    const now = elapsedMs();
    const pollMs = this.#options.pollMs();
    this.#dueMs += pollMs;
    if (this.#dueMs <= now || this.#dueMs > now + pollMs) this.#dueMs = now + pollMs;
    this.#runIn(this.#dueMs - now);
  }

  #runIn(ms: number): void {
    if (this.#stopped) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#run(), Math.max(0, ms));
  }
}
