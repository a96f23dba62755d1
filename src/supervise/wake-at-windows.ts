/**
 * Wakes the loop at the moment a window opens or closes. node-cron only rings: it can't look back, skips
 * times in a DST gap, and stays silent after the clock is set back (measured). So a ring must never
 * decide anything: croner computes at each tick from the wall clock whether a window is open
 * (decide/windows/windows.ts), and a missed ring costs at most one poll.
 */
import cron from "node-cron";
import type { Window } from "../config/schema/schema.ts";

/** `windows` must have passed the config check. Returns what stops it. */
export function wakeAtWindows(windows: Window[], wake: () => void): () => void {
  const tasks = windows.flatMap(({ opens, closes, timezone }) =>
    [opens, closes].map((expression) =>
      cron.schedule(expression, wake, { ...(timezone && { timezone }), noOverlap: true }),
    ),
  );
  return () => {
    for (const task of tasks) void task.destroy();
  };
}
