/**
 * How tests wait: for a condition, never for a time. A test that looks at a process it has just started
 * waits here until that process shows what it is looked at for: between fork and exec it still shows the
 * command line, environment and signal handlers of its parent. Limits are for broken programs, not for
 * slow machines.
 */

const LIMIT_MS = 180_000;
const PAUSE_MS = 15;
/** After a look that took long, since the machine stood still: what is passing mustn't be missed for it. */
const MOST_PAUSE_MS = 1000;

/** Thrown by a probe when what is waited for can't come any more: the wait fails at once. */
export class NeverComes extends Error {}

export interface Pace {
  limitMs?: number;
  /** At least so long between two looks. */
  everyMs?: number;
}

/**
 * Polls until `probe` gives something true, and returns that. A probe that throws is asked again; after
 * `limitMs` (three minutes) the wait fails with `what` and the last error.
 */
export async function until<T>(
  what: string,
  probe: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  { limitMs = LIMIT_MS, everyMs = PAUSE_MS }: Pace = {},
): Promise<NonNullable<T>> {
  const end = performance.now() + limitMs;
  for (;;) {
    const began = performance.now();
    let last: unknown;
    try {
      const found = await probe();
      if (found) return found;
    } catch (error) {
      if (error instanceof NeverComes) throw error;
      last = error;
    }
    const now = performance.now();
    if (now > end) throw new Error(`never came: ${what}${last ? `; ${last}` : ""}`, { cause: last });
    // Asking uses the CPU, too: at most a fifth of a core goes into it, unless a look takes over a quarter of a second.
    await new Promise((wake) =>
      setTimeout(wake, Math.max(everyMs, Math.min(MOST_PAUSE_MS, 4 * (now - began)))),
    );
  }
}

/** Polls until these expectations hold. */
export async function untilHolds(expectations: () => void, pace?: Pace): Promise<void> {
  const hold = (): true => {
    expectations();
    return true;
  };
  await until("these expectations", hold, pace);
}
