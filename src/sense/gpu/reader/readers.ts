/**
 * A reader process for each source of GPUs that this machine has: the one way to them, for the supervisor
 * and for `doctor`. Must never wait or throw: a driver that hangs costs readings, not ticks.
 */
import { allAsleep, countNvidia, findGpus, ROOT_VARIABLE, type Source, type Where } from "../find.ts";
import type { Task } from "./read-gpus.ts";
import { ReaderWatch, type Report, type Watching } from "./reader-process.ts";

export interface Read {
  source: Source;
  watch: ReaderWatch;
  /** Its newest report, or why there is none. */
  seen: Report | { unavailable: string };
}

export interface ReadersOptions extends Where {
  /** How often to read, and whether to trace calls; asked when a reader is made. */
  task: () => Pick<Task, "paceMs" | "calls">;
  onCall?: Watching["onCall"];
}

export class GpuReaders {
  readonly #options: ReadersOptions;
  readonly #root: string;
  readonly #open = new Map<Source["maker"], Omit<Read, "seen">>();
  #missing: string | null = "the search for GPUs hasn't started yet";
  #lookAtMs = Number.NEGATIVE_INFINITY;
  #nvidia = 0;

  constructor(options: ReadersOptions) {
    this.#options = options;
    this.#root = options.root ?? (options.env ?? process.env)[ROOT_VARIABLE] ?? "/";
  }

  /** Every source that was found so far; empty with a reason in `missing`. */
  look(nowMs: number): Read[] {
    if (nowMs >= this.#lookAtMs) this.#search(nowMs);
    return [...this.#open.values()].map((one) => ({ ...one, seen: one.watch.look(nowMs) }));
  }

  /** Why there is no source, or what isn't read beside those there are; else null. */
  get missing(): string | null {
    return this.#missing;
  }

  /** The first number of GPUs that aren't NVIDIA's: the same whether those are read or asleep. */
  firstOther(reads: readonly Read[]): number {
    const numbers = reads.flatMap(({ source, seen }) =>
      source.maker === "NVIDIA" && "gpus" in seen ? seen.gpus.map(({ index }) => index + 1) : [],
    );
    return Math.max(this.#nvidia, ...numbers);
  }

  close(): void {
    for (const { watch } of this.#open.values()) watch.close();
    this.#open.clear();
  }

  #search(nowMs: number): void {
    const { task, onCall } = this.#options;
    const { sources, missing, lookAgainMs } = findGpus(this.#options);
    this.#nvidia = countNvidia(this.#root);
    for (const source of sources) {
      if (this.#open.has(source.maker)) continue;
      // The GPU is awake now; restarting a failed reader must not wake it later.
      const asleep = (): boolean => source.maker === "NVIDIA" && allAsleep(this.#root);
      const watch = new ReaderWatch({ ...source.task, ...task() }, { ...(onCall && { onCall }), asleep });
      this.#open.set(source.maker, { source, watch });
    }
    // One that is being read isn't missing, even if it has fallen asleep since.
    this.#missing = this.#open.has("NVIDIA") ? null : missing;
    this.#lookAtMs = nowMs + lookAgainMs;
  }
}
