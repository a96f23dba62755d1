/**
 * Calls `tick` at a steady pace, and sooner when woken. Never runs two ticks at once, never
 * lets a flood of wakes become a flood of ticks.
 */
import { elapsedMs } from "../clock.ts";

/** However often it is woken, ticks are at least so far apart. */
const MIN_GAP_MS = 20;

export interface Loop {
  /** Have a tick run soon. */
  wake(): void;
  stop(): void;
}

/**
 * `pollMs` is read before each wait, so that a changed config counts at once. When `tick` throws,
 * the loop ends and `onBug` is called: a program that has lost its way must not go on acting.
 */
export function startLoop(tick: () => void, pollMs: () => number, onBug: (error: unknown) => void): Loop {
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  let lastMs = Number.NEGATIVE_INFINITY;
  let dueMs = 0;

  const run = (): void => {
    timer = null;
    if (stopped) return;
    lastMs = elapsedMs();
    try {
      tick();
    } catch (error) {
      stopped = true;
      onBug(error);
      return;
    }
    // Keeps the beat after an early tick; after a long sleep it starts a new one instead of catching up.
    const now = elapsedMs();
    dueMs = dueMs + pollMs() > now ? dueMs + pollMs() : now + pollMs();
    if (dueMs - now > pollMs()) dueMs = now + pollMs();
    schedule(dueMs - now);
  };
  const schedule = (ms: number): void => {
    if (stopped) return;
    if (timer) clearTimeout(timer);
    timer = setTimeout(run, Math.max(0, ms));
  };

  schedule(0);
  let woken = false;
  return {
    wake: () => {
      const wait = lastMs + MIN_GAP_MS - elapsedMs();
      if (woken || stopped) return;
      woken = true;
      setTimeout(
        () => {
          woken = false;
          if (timer) clearTimeout(timer);
          run();
        },
        Math.max(0, wait),
      );
    },
    stop: () => {
      stopped = true;
      if (timer) clearTimeout(timer);
    },
  };
}
