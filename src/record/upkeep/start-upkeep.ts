/**
 * Runs upkeep.ts from time to time in a short-lived process. A worker thread would cost the supervisor
 * 16 MiB for good (measured: it keeps 13 of them after the thread has ended).
 */
import type { Now } from "../../model/time.ts";
import { Helper } from "../../spawn/helper.ts";
import { lastWords } from "../../spawn/run-child.ts";
import { bytes } from "../../words/size.ts";
import type { Retention } from "./thin-samples.ts";

const PROGRAM = new Helper("record/upkeep/upkeep-process", "the database grows");
const FIRST_AFTER_MS = 5 * 60_000;
const EVERY_MS = 60 * 60_000;
/** A WAL of this size is checkpointed early, at most once in `EARLY_EVERY_MS`. */
const BIG_WAL_BYTES = 8 * 1024 * 1024;
const EARLY_EVERY_MS = 60_000;
/** One that is of this size after it was checkpointed is kept from being emptied. */
const STUCK_WAL_BYTES = 4 * BIG_WAL_BYTES;

const stuck = (database: string, walBytes: number): string =>
  `${database}-wal has grown to ${bytes(walBytes)}: this file can't be emptied while another program keeps reading the database. Close that program.`;

export class UpkeepSchedule {
  readonly #database: string;
  readonly #end = new AbortController();
  #retention: Retention;
  /** Monotonic; null until the first call. */
  #nextMs: number | null = null;
  #lookMs = 0;
  #running = false;
  /** How often in a row the WAL was large after it was to be emptied. */
  #stuck = 0;
  #problem: string | null = null;

  constructor(database: string, retention: Retention) {
    this.#database = database;
    this.#retention = retention;
  }

  /** Why the last upkeep failed, or couldn't do its work; null when it could. */
  get problem(): string | null {
    return this.#problem;
  }

  /** In force from the next upkeep on. */
  retain(retention: Retention): void {
    this.#retention = retention;
  }

  /** Starts upkeep when it is due at `now`. Cheap enough to call at every commit. */
  startIfDue({ wallMs, monotonicMs }: Now, walBytes: () => number): void {
    this.#nextMs ??= monotonicMs + FIRST_AFTER_MS;
    if (this.#running || monotonicMs < this.#lookMs) return;
    this.#lookMs = monotonicMs + EARLY_EVERY_MS;
    if (monotonicMs < this.#nextMs && walBytes() < BIG_WAL_BYTES) return;
    this.#nextMs = monotonicMs + EVERY_MS;
    void this.#run(wallMs, walBytes);
  }

  close(): void {
    this.#end.abort();
  }

  async #run(wallMs: number, walBytes: () => number): Promise<void> {
    this.#running = true;
    const args = [this.#database, JSON.stringify(this.#retention), String(wallMs)];
    const done = await PROGRAM.run(args, { signal: this.#end.signal, unref: true });
    this.#running = false;
    if (!done.ok && done.why === "missing") this.#nextMs = this.#lookMs;
    // A missing program is told where all of them are.
    if (done.ok) {
      // Once is no proof: a short read at the wrong moment is enough.
      this.#stuck = walBytes() < STUCK_WAL_BYTES ? 0 : this.#stuck + 1;
      this.#problem = this.#stuck > 1 ? stuck(this.#database, walBytes()) : null;
    } else if (done.why === "missing") this.#problem = null;
    else if (done.why === "unstarted")
      this.#problem = `Housekeeping of the database can't be started: ${done.reason}`;
    else this.#problem = `Housekeeping of the database failed: ${lastWords(done.stderr) || done.reason}`;
  }
}
