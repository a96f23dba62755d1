/** Reports that a window has opened or closed. */

import type { WindowState } from "../../model/decision.ts";
import type { NewEvent } from "../../model/event.ts";
import type { Now } from "../../model/time.ts";
import { clockTime } from "../../words/time.ts";

/** @param before whether each window was open at the last tick */
export function windowEvents(
  before: Readonly<Record<string, boolean>>,
  windows: readonly WindowState[],
  now: Now,
): NewEvent[] {
  return windows.flatMap(({ name, open, changesAtMs }): NewEvent[] => {
    if (before[name] === undefined || before[name] === open) return [];
    const next =
      changesAtMs === null
        ? ""
        : `; it ${open ? "closes" : "opens"} at ${clockTime(changesAtMs, now.wallMs)}`;
    const reason = `Window '${name}' has ${open ? "opened" : "closed"}${next}.`;
    const kind = open ? "window.opened" : "window.closed";
    return [{ kind, job: null, run: null, actor: `window:${name}`, reason, evidence: { window: name } }];
  });
}
