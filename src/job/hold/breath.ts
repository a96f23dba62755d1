/** Signal handlers run between macrotasks, so a loop of resolved promises is interrupted now and then. */

const YIELD_EVERY_MS = 50;

export const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class Breath {
  #takenAt = performance.now();

  async take(): Promise<void> {
    if (performance.now() - this.#takenAt < YIELD_EVERY_MS) return;
    await macrotask();
    this.#takenAt = performance.now();
  }
}
