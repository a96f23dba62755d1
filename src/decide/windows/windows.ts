/**
 * Off-peak windows: open or closed, for any `now`. The last occurrence of `opens` or `closes` decides; a
 * tie closes; before any occurrence a window is closed. Croner finds the occurrences in wall time,
 * before and after any `now`, which node-cron can't; daylight-saving.ts converts them to instants.
 * Reads no clock: node-cron wakes the loop when a window opens or closes (wake-at-windows.ts).
 */
import { Cron } from "croner";
import type { Window } from "../../config/schema/schema.ts";
import type { WindowState } from "../../model/decision.ts";
import { Zone } from "./daylight-saving.ts";

/** A wall clock that was set back repeats its last hours. */
const SET_BACK_MS = 3 * 3_600_000;
const MOST_TIES = 100;

interface Compiled {
  opens: Occurrences;
  closes: Occurrences;
  computed: { state: WindowState; fromMs: number; untilMs: number } | null;
}

/** Keyed by config object: the cached results live exactly as long as the config. */
const compiled = new WeakMap<Window, Compiled>();

/**
 * The state of each window at a wall time, in ms. Cached until the next change, so that a tick costs
 * nothing; a clock that was set back is simply computed anew.
 * @throws RangeError, TypeError for a cron expression or zone that the config check would have refused.
 */
export function windowStates(windows: Window[], wallMs: number): WindowState[] {
  return windows.map((window) => {
    const known = compiled.get(window) ?? compile(window);
    const { computed } = known;
    if (computed !== null && wallMs >= computed.fromMs && wallMs < computed.untilMs) return computed.state;
    const state = stateAt(window, known, wallMs);
    const untilMs = Math.min(state.changesAtMs ?? Infinity, state.closesAtMs ?? Infinity);
    known.computed = { state, fromMs: wallMs, untilMs };
    return state;
  });
}

/** The windows that a job is bound to; none means that it may always run. */
export function windowsOf(job: string, windows: readonly WindowState[]): WindowState[] {
  return windows.filter(({ jobs }) => jobs === null || jobs.includes(job));
}

function compile(window: Window): Compiled {
  const zone = new Zone(window.timezone);
  const made = {
    opens: new Occurrences(window.opens, zone),
    closes: new Occurrences(window.closes, zone),
    computed: null,
  };
  compiled.set(window, made);
  return made;
}

function stateAt(window: Window, { opens, closes }: Compiled, wallMs: number): WindowState {
  const opened = opens.last(wallMs);
  const closed = closes.last(wallMs);
  const open = opened !== null && (closed === null || opened > closed);
  const closesAtMs = closes.next(wallMs);
  return {
    name: window.name,
    open,
    sinceMs: open
      ? closed === null
        ? opened
        : opens.next(closed)
      : opened === null
        ? closed
        : closes.next(opened - 1),
    changesAtMs: open ? closesAtMs : nextOpening(opens, closes, wallMs),
    closesAtMs,
    jobs: window.jobs ?? null,
  };
}

/** An opening that ties with a closing opens nothing. */
function nextOpening(opens: Occurrences, closes: Occurrences, wallMs: number): number | null {
  let next = opens.next(wallMs);
  for (let ties = 0; next !== null && closes.last(next) === next; next = opens.next(next)) {
    ties += 1;
    if (ties > MOST_TIES) return null;
  }
  return next;
}

/** The instants of one cron expression. */
class Occurrences {
  readonly #cron: Cron;
  readonly #zone: Zone;

  constructor(expression: string, zone: Zone) {
    // Evaluated on wall-clock digits; gaps and repetitions are left to the time zone code.
    this.#cron = new Cron(expression, { timezone: "UTC", paused: true });
    this.#zone = zone;
  }

  /** The last one at or before an instant; null if there was none. */
  last(instantMs: number): number | null {
    const back = Math.max(0, this.#zone.offset(instantMs - SET_BACK_MS) - this.#zone.offset(instantMs));
    // Croner excludes a run at exactly the time that it is asked for.
    let wall: number | null = this.#zone.wall(instantMs) + back + 1;
    while (wall !== null) {
      wall = this.#cron.previousRuns(1, new Date(wall))[0]?.getTime() ?? null;
      if (wall === null) return null;
      const found = this.#zone.instant(wall);
      if (found <= instantMs) return found;
    }
    return null;
  }

  /** The first one after an instant; null if there will be none. */
  next(instantMs: number): number | null {
    let wall: number | null = this.#zone.wall(instantMs);
    while (wall !== null) {
      wall = this.#cron.nextRun(new Date(wall))?.getTime() ?? null;
      if (wall === null) return null;
      const found = this.#zone.instant(wall);
      if (found > instantMs) return found;
    }
    return null;
  }
}
