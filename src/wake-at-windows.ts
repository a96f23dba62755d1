/**
 * Wakes the loop at the very moment a window opens or closes. node-cron rings; whether a window is
 * open is computed from the wall clock at each tick (decide/windows.ts), so a missed ring costs at
 * most one poll.
 */
import cron from "node-cron";
import type { Window } from "./config/schema.ts";

/** Returns what stops it. */
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
