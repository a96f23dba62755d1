/**
 * Each process's use of one GPU, from the driver's samples. A process without a sample used nothing, since the
 * driver keeps none of idle ones; in the first period it is unknown. Samples from before the first read are stale,
 * and implausible ones (unlisted processes, over 100 %, not newer) are dropped.
 */
import { Refusals } from "../reader/refusals.ts";
import { INSUFFICIENT_SIZE, NOT_FOUND, OK } from "./codes.ts";
import { SAMPLE_BYTES, utilizationSamples } from "./layout.ts";
import type { Library } from "./library.ts";
import { failed } from "./questions.ts";

const FIRST_ROOM = 128;
const MOST_ROOM = 4096;
/** Drivers sample every 1/6 to 1 s: without a new sample, the last one holds this long. */
const PERIOD_MS = 1000;
/** A period, less what a timer may be early by: with a pace of one a second, the second reading tells. */
const FIRST_PERIOD_MS = 0.9 * PERIOD_MS;
const FIRST = "the first reading after a start is unreliable";
const NO_SAMPLE = "no sample of it has come yet";

interface Use {
  at: bigint;
  smPercent: number;
  readMs: number;
}

export class ProcessUse {
  readonly #library: Library;
  #samples = Buffer.alloc(FIRST_ROOM * SAMPLE_BYTES);
  readonly #count = Buffer.alloc(4);
  /** Time stamp of the newest sample used, on the driver's clock. */
  #lastSample = 0n;
  /** When it was first read; null before, and while it is refused. */
  #beganMs: number | null = null;
  #failure: string | null = null;
  readonly #refusals = new Refusals();
  #known = new Map<number, Use>();

  constructor(library: Library) {
    this.#library = library;
  }

  /** Why this GPU doesn't report it; null while it does. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Has no usable samples yet: read again soon. */
  get isNew(): boolean {
    return this.#beganMs === null && this.#failure === null;
  }

  /**
   * Percent by pid; of a process that is missing see `unsampled`. `listed` returns the GPU's process list; it
   * gets the pids that have samples, since they may call for a new list.
   */
  read(
    handle: bigint,
    nowMs: number,
    listed: (sampled: number[]) => ReadonlySet<number>,
  ): Map<number, number> | string {
    if (this.#failure !== null && nowMs < this.#refusals.againAtMs) return this.#failure;
    const code = this.#ask(handle);
    if (code !== OK && code !== NOT_FOUND) {
      const { value, refused } = failed(code);
      this.#failure = value;
      if (refused) this.#refuse(nowMs);
      return value;
    }
    this.#failure = null;
    this.#refusals.answered();
    const fresh = code === OK ? this.#fresh(nowMs) : new Map<number, Use>();
    const there = listed([...fresh.keys()]);
    for (const [pid, use] of fresh) {
      if (!there.has(pid)) continue;
      if (use.at > this.#lastSample) this.#lastSample = use.at;
      this.#known.set(pid, use);
    }
    for (const [pid, { readMs }] of this.#known)
      if (!there.has(pid) || nowMs - readMs >= PERIOD_MS) this.#known.delete(pid);
    if (this.#beganMs === null) {
      this.#beganMs = nowMs;
      this.#known.clear();
      return FIRST;
    }
    return new Map([...this.#known].map(([pid, { smPercent }]) => [pid, smPercent]));
  }

  /** Percent of a process without a sample. */
  unsampled(nowMs: number): number | string {
    return this.#beganMs !== null && nowMs - this.#beganMs >= FIRST_PERIOD_MS ? 0 : NO_SAMPLE;
  }

  /** What it kept is stale when it answers again. */
  #refuse(nowMs: number): void {
    this.#refusals.refused(nowMs);
    this.#beganMs = null;
  }

  #ask(handle: bigint): number {
    for (;;) {
      const room = this.#samples.length / SAMPLE_BYTES;
      this.#count.writeUInt32LE(room);
      const code = this.#library.call(
        "nvmlDeviceGetProcessUtilization",
        handle,
        this.#samples,
        this.#count,
        this.#lastSample,
      );
      if (code !== INSUFFICIENT_SIZE || room >= MOST_ROOM) return code;
      const wanted = Math.min(MOST_ROOM, Math.max(room * 2, this.#count.readUInt32LE()));
      this.#samples = Buffer.alloc(wanted * SAMPLE_BYTES);
    }
  }

  /** The newest sample of each process. */
  #fresh(nowMs: number): Map<number, Use> {
    const newest = new Map<number, Use>();
    const room = this.#samples.length / SAMPLE_BYTES;
    const count = Math.min(this.#count.readUInt32LE(), room);
    for (const { pid, at, smPercent } of utilizationSamples(this.#samples, count)) {
      if (smPercent > 100 || at <= this.#lastSample || pid === 0) continue;
      const known = newest.get(pid);
      if (known === undefined || at >= known.at) newest.set(pid, { at, smPercent, readMs: nowMs });
    }
    return newest;
  }
}
