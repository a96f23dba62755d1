/**
 * A run of which only its files, or nothing but its processes, tell that its VRAM may be away: it stays lost until the
 * driver has told where that is. Never taken for running before, and never brought back from here: whether there is room is decided later.
 */
import type { Away } from "../../../model/park.ts";
import type { Seen } from "../../../model/seen.ts";
import { size } from "../../../words/size.ts";
import type { Transition } from "../transition.ts";
import { drive, parkOf, shownBy } from "./drive.ts";
import { breakDown, rest } from "./ends.ts";

/** Nothing is called before the next look. */
export function askFor(transition: Transition, away: Away): void {
  const { monotonicMs } = transition.now;
  const none = { call: "look", number: 0, askedMs: monotonicMs, sinceMs: monotonicMs, tries: 0 } as const;
  transition.know({ park: { at: "asking", ...away, ...none } });
}

/** Whether that is looked for at this tick; what was told shows in the state. */
export function isAskedFor(transition: Transition, seen: Seen): boolean {
  const { run, job, now } = transition;
  if (run.park?.at !== "asking" || !seen.alive || job.cancelling !== undefined) return false;
  const shown = shownBy(transition, seen);
  if (shown === null) return true;
  const { guesses, heldMiB } = run.park;
  // Only one process of a run can be parked, and one that uses the GPU isn't beside it.
  const [next, ...rest] = shown.state === "impossible" ? (guesses ?? []) : [];
  if (next !== undefined) {
    drive(transition, "asking", "look", { ...next, guesses: rest });
    return true;
  }
  if (guesses !== undefined) {
    const { guesses: _, ...park } = parkOf(transition);
    transition.know({ park });
  }
  const running = { name: "running", since: now } as const;
  if (shown.state === "running" || shown.state === "impossible") {
    transition.forget("park");
    transition.become({ ...running, run: transition.run });
  } else if (shown.state === "locked") {
    transition.become({ ...running, run: transition.run });
    drive(transition, "unlocking", "unlock");
  } else if (shown.state === "checkpointed") stayParked(transition, heldMiB);
  else breakDown(transition, shown.why);
  return true;
}

function stayParked(transition: Transition, heldMiB: number): void {
  const reason = `It was found parked, its ${size(heldMiB)} of VRAM in host memory.`;
  transition.tell("supervisor.recovered", "recovery", reason);
  rest(transition, { actor: "recovery", reason, critical: false }, { heldMiB, gone: false });
  transition.perform({ do: "freeze", run: transition.run });
}
