/**
 * Hears from systemd-logind that the system is about to sleep, and has it wait while jobs have something to save. All
 * of it in children, apart from the tick; where there is no logind, in none. Tells jobs nothing.
 */
import { delaysSleep } from "../decide/pauses/sleep-pause.ts";
import type { Job } from "../model/job.ts";
import type { Now } from "../model/time.ts";
import type { Sleep } from "../ports/sleep.ts";
import { type Beside, spawnBeside } from "../spawn/spawn-beside.ts";
import { canListen, DELAY, heard, LISTEN } from "./logind.ts";

/** After a child has ended by itself; doubled with each listener in a row that has heard nothing, up to the longest. */
const AGAIN_MS = 30_000;
const LONGEST_MS = 600_000;

export class SleepWatch implements Sleep {
  readonly #isOn: () => boolean;
  readonly #wake: () => void;
  #comes = false;
  /** A job has something to save, as of the last look. */
  #wanted = false;
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
  #waitMs = AGAIN_MS;
  /** Why the last listener ended, until another one hears logind; why sleep isn't delayed. */
  #deafness: string | null = null;
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
    return [this.#deafness, this.#problem].flatMap((why) =>
      why === null || !this.#wanted
        ? []
        : [`Jobs may not be saved before the system sleeps: ${why.replace(/\.$/, "")}.`],
    );
  }

  /** After each tick: sleep waits while one of the jobs has something to save. */
  look(jobs: Readonly<Record<string, Job>>, now: Now): void {
    if (this.#absent) return;
    this.#wanted = this.#isOn() && Object.values(jobs).some((job) => delaysSleep(job, now));
    if (!this.#wanted) {
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
    this.#wanted = false;
    this.#letGo();
    this.#listener?.end();
    this.#listener = null;
    this.#absent = true;
  }

  /** Started once, and left: it costs nothing while nothing is announced. */
  #listen(nowMs: number): void {
    if (nowMs < this.#listenMs) return;
    this.#absent = !canListen();
    if (this.#absent) return;
    this.#listenMs = nowMs + this.#waitMs;
    this.#waitMs = Math.min(LONGEST_MS, 2 * this.#waitMs);
    const [program, ...args] = LISTEN;
    this.#listener = spawnBeside(program, args, {
      line: (line) => this.#hear(line),
      end: (how) => {
        this.#listener = null;
        this.#deafness = how;
        this.#hears = this.#comes = false;
      },
    });
  }

  #hear(line: string): void {
    const what = heard(line);
    if (what === null) return;
    if (what === "gone") this.#logindLeft();
    else if (what === "there") this.#logindCame();
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
        this.#problem = how;
      },
    });
  }

  /** Whatever has ended by itself is started again no earlier for it. */
  #letGo(): void {
    if (this.#delay === null) return;
    this.#delay.end();
    this.#delay = null;
    this.#holdMs = Number.NEGATIVE_INFINITY;
  }

  #logindCame(): void {
    this.#hears = this.#heard = true;
    this.#deafness = null;
    this.#waitMs = AGAIN_MS;
  }

  /** Whoever isn't heard can't tell that the system is awake again either; who never was isn't here. */
  #logindLeft(): void {
    this.#hears = this.#comes = false;
    if (!this.#heard) this.close();
  }
}
