/**
 * Wakes the loop at the very moment a window opens or closes. node-cron rings, and that is all it
 * does: it can't look back, passes over what falls into a DST gap, and falls silent after the clock
 * was set back (measured). So a ring must never decide anything: whether a window is open is
 * computed by croner from the wall clock at each tick (decide/windows.ts), and a ring that is
 * missed costs at most one poll.
 */
import cron from "node-cron";
import type { Window } from "../config/schema/schema.ts";

/** `windows` are ones that the config check has passed. Returns what stops it. */
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
