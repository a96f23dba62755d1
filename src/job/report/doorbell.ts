/**
 * Whether a pause is requested. The signal only wakes us; control.json is the word, read at import, at
 * every ring, and now and then in between. Must never throw, and `shouldPause()` must stay cheap enough
 * for the innermost loop.
 */
import type { Control } from "../../contract/control.ts";
import { readControl } from "./read-control.ts";

/** How old our knowledge of control.json may get while no signal arrives. */
const REREAD_AFTER_MS = 200;
/** `shouldPause()` reads the clock once in this many calls; bench/should-pause.ts shows the cost. */
const MOST_CALLS_BETWEEN_LOOKS = 64;
/** Calls slower than this read the clock every time. */
const QUICK_MS = 20;

export class Doorbell {
  /** To save and leave. Latched: a request, once seen, runs to its end. */
  wanted = false;
  /** The word in force. */
  word: Control["want"] = "run";
  /** The last control sequence read. */
  sequence = 0;
  #callsUntilLook = 1;
  #callsBetweenLooks = 1;
  #lookedAt = performance.now();
  #readAt = Number.NEGATIVE_INFINITY;
  #standsBy = false;
  readonly #path: string | null;
  readonly #onNews: () => void;

  /**
   * @param path of control.json; null if nothing will ever ask
   * @param onNews called when the word or its sequence has changed
   */
  constructor(path: string | null, onNews: () => void) {
    this.#path = path;
    this.#onNews = onNews;
    if (path === null) this.#callsUntilLook = Number.MAX_SAFE_INTEGER;
  }

  shouldPause(): boolean {
    if (this.wanted) return true;
    if (--this.#callsUntilLook > 0) return false;
    return this.#look();
  }

  /** Handles the signal. A missing control.json means that a person or a batch system rang by hand. */
  ring(): void {
    if (this.read() !== "missing" || this.wanted) return;
    this.#ask("pause");
    this.#onNews();
  }

  /** This job has streams: it stands by where a job in training saves and leaves. */
  standBy(): void {
    this.#standsBy = true;
    if (this.word !== "pause") this.wanted = false;
  }

  /** Reads control.json unless it was read a moment ago. */
  readSometimes(): void {
    if (performance.now() - this.#readAt >= REREAD_AFTER_MS) this.read();
  }

  read(): "missing" | "unreadable" | "read" {
    if (this.#path === null) return "missing";
    this.#readAt = performance.now();
    const control = readControl(this.#path);
    // Torn or nonsense: the last word holds until a whole one can be read.
    if (typeof control === "string") return control;
    const before = this.word;
    this.#ask(control.want);
    if (control.sequence === this.sequence && this.word === before) return "read";
    this.sequence = control.sequence;
    this.#onNews();
    return "read";
  }

  #ask(word: Control["want"]): void {
    // From standby nothing is lost by going on, so only a pause can't be withdrawn.
    const leave = word === "pause" || (word !== "run" && !this.#standsBy);
    if (this.wanted && !leave) return;
    this.word = word;
    this.wanted = leave;
  }

  #look(): boolean {
    const now = performance.now();
    const quick = now - this.#lookedAt < QUICK_MS;
    this.#callsBetweenLooks = quick ? Math.min(MOST_CALLS_BETWEEN_LOOKS, this.#callsBetweenLooks * 2) : 1;
    this.#callsUntilLook = this.#callsBetweenLooks;
    this.#lookedAt = now;
    if (now - this.#readAt >= REREAD_AFTER_MS) this.read();
    return this.wanted;
  }
}
