/**
 * Wakes the loop when something in a run's directories changes, so that an acknowledged pause isn't
 * noticed a whole poll later. Only a comfort: where the system has no watches left, polling goes on.
 */
import { type FSWatcher, watch } from "node:fs";

/** Changes come in bunches: a temporary file, its rename. */
const GATHER_MS = 5;

export class Watches {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #wake: () => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  add(directory: string): void {
    if (this.#watchers.has(directory)) return;
    try {
      const watcher = watch(directory, { persistent: false }, () => this.#gather());
      watcher.on("error", () => this.remove(directory));
      this.#watchers.set(directory, watcher);
    } catch {
      // No watches left, or no such directory yet: asked again at the next tick.
    }
  }

  remove(directory: string): void {
    this.#watchers.get(directory)?.close();
    this.#watchers.delete(directory);
  }

  close(): void {
    for (const directory of [...this.#watchers.keys()]) this.remove(directory);
    if (this.#timer) clearTimeout(this.#timer);
  }

  #gather(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#wake();
    }, GATHER_MS).unref();
  }
}
