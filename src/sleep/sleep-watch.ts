/**
 * Hears from systemd-logind that the system is about to sleep, and has it wait while jobs have something to save. All
 * of it in children, apart from the tick; where there is no logind, in none. Tells jobs nothing.
 */
import { delaysSleep } from "../decide/pauses/sleep-pause.ts";
import type { Job } from "../model/job.ts";
import type { Now } from "../model/time.ts";
import type { Sleep } from "../ports/sleep.ts";
import { type Beside, spawnBeside } from "../spawn/spawn-beside.ts";
import { DELAY, hasSystemBus, heard, LISTEN } from "./logind.ts";

/** After a child has ended by itself. */
const AGAIN_MS = 30_000;

export class SleepWatch implements Sleep {
  readonly #isOn: () => boolean;
  readonly #wake: () => void;
  #comes = false;
  /** Not here, so never asked again. */
  #absent = false;
  #listener: Beside | null = null;
  /** The listener hears logind: what it announces can't be missed. */
  #hears = false;
  #heard = false;
  #delay: Beside | null = null;
  /** When each may be started again. */
  #listenMs = Number.NEGATIVE_INFINITY;
  #holdMs = Number.NEGATIVE_INFINITY;
  #problem: string | null = null;

  /** `isOn`: as the config says. `wake`: has a tick run soon. */
  constructor(isOn: () => boolean, wake: () => void) {
    this.#isOn = isOn;
    this.#wake = wake;
  }

  get comes(): boolean {
    return this.#comes && this.#isOn();
  }

  /** Why sleep wouldn't wait for jobs, as a sentence; none where there is no logind. */
  get problems(): string[] {
    return this.#problem === null
      ? []
      : [`Jobs may not be saved before the system sleeps: ${this.#problem}.`];
  }

  /** After each tick: sleep waits while one of the jobs has something to save. */
  look(jobs: Readonly<Record<string, Job>>, now: Now): void {
    if (this.#absent) return;
    const wanted = this.#isOn() && Object.values(jobs).some((job) => delaysSleep(job, now));
    if (!wanted) {
      this.#letGo();
      return;
    }
    const nowMs = now.monotonicMs;
    // Whoever holds sleep up has to hear of it, too.
    if (this.#listener === null) this.#listen(nowMs);
    // Too late for a sleep that is announced already: logind refuses it.
    else if (this.#delay === null && this.#hears && !this.#comes) this.#hold(nowMs);
  }

  close(): void {
    this.#letGo();
    this.#listener?.end();
    this.#listener = null;
    this.#absent = true;
  }

  /** Started once, and left: it costs nothing while nothing is announced. */
  #listen(nowMs: number): void {
    if (nowMs < this.#listenMs) return;
    this.#absent = !hasSystemBus();
    if (this.#absent) return;
    this.#listenMs = nowMs + AGAIN_MS;
    const [program, ...args] = LISTEN;
    this.#listener = spawnBeside(program, args, {
      line: (line) => this.#hear(line),
      end: () => {
        this.#listener = null;
        this.#deaf();
      },
    });
  }

  #hear(line: string): void {
    const what = heard(line);
    if (what === null) return;
    if (what === "gone") this.#deaf();
    else if (what === "there") this.#hears = this.#heard = true;
    else this.#comes = what === "sleep";
    this.#wake();
  }

  #hold(nowMs: number): void {
    if (nowMs < this.#holdMs) return;
    this.#holdMs = nowMs + AGAIN_MS;
    const [program, ...args] = DELAY;
    this.#problem = null;
    this.#delay = spawnBeside(program, args, {
      end: (how) => {
        this.#delay = null;
        this.#problem = how.replace(/\.$/, "");
      },
    });
  }

  #letGo(): void {
    this.#delay?.end();
    this.#delay = null;
    this.#problem = null;
    this.#holdMs = Number.NEGATIVE_INFINITY;
  }

  /** Whoever isn't heard can't tell that the system is awake again either; who never was isn't here. */
  #deaf(): void {
    this.#hears = this.#comes = false;
    if (!this.#heard) this.close();
  }
}
