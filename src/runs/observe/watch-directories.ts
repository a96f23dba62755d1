/**
 * Wakes the loop when something in a run's directories changes, so that the tick sees an acknowledged
 * pause at once. Only an optimisation: when the system has no watches left, polling still sees it.
 */
import { type FSWatcher, watch } from "node:fs";
import type { Job } from "../../model/job.ts";
import type { Followed } from "./follow.ts";

/** Debounce: changes come in bursts, a temporary file and its rename. */
const DEBOUNCE_MS = 5;

export class Watches {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #wake: () => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** Status files change every second; each change is worth a tick only while we wait for an answer. */
  follow(run: Followed, { state }: Job, ongoing: boolean): void {
    const awaited = state.name === "starting" || state.name === "pausing";
    this.#watch(run.statusDirectory, ongoing && awaited);
    // A launcher that isn't our child shows its end only by its exit record.
    this.#watch(run.directory, ongoing && run.launcher === "found");
  }

  unfollow(run: Followed): void {
    this.#remove(run.statusDirectory);
    this.#remove(run.directory);
  }

  close(): void {
    for (const directory of [...this.#watchers.keys()]) this.#remove(directory);
    if (this.#timer) clearTimeout(this.#timer);
  }

  #watch(directory: string, wanted: boolean): void {
    if (wanted) this.#add(directory);
    else this.#remove(directory);
  }

  #add(directory: string): void {
    if (this.#watchers.has(directory)) return;
    try {
      const watcher = watch(directory, { persistent: false }, () => this.#debounce());
      watcher.on("error", () => this.#remove(directory));
      this.#watchers.set(directory, watcher);
    } catch {
      // No watches left, or no such directory yet: the next tick tries again.
    }
  }

  #remove(directory: string): void {
    this.#watchers.get(directory)?.close();
    this.#watchers.delete(directory);
  }

  #debounce(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#wake();
    }, DEBOUNCE_MS).unref();
  }
}
