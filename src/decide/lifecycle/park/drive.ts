/**
 * The calls to the driver about a run's process, one at a time. Calls are effects, answers come with what is seen
 * of the run. A call that nobody remembers (the supervisor has restarted) is never repeated: its state is asked.
 */
import type { DriverAnswer, DriverCall, Park } from "../../../model/park.ts";
import type { Seen } from "../../../model/seen.ts";
import type { Transition } from "../transition.ts";

/** Between two looks, and how often a call may be broken off. */
const AGAIN_MS = 1000;
const MOST_TRIES = 3;

/** @throws Error where nothing of it is on its way: a bug. */
export function parkOf(transition: Transition): Park {
  const { park } = transition.run;
  if (park === undefined) throw transition.bug("a park");
  return park;
}

/** Moves on to a stage that calls nothing. */
export function enter(transition: Transition, at: Park["at"], facts: Partial<Park> = {}): void {
  const { trouble: _, code: __, ...park } = parkOf(transition);
  transition.know({ park: { ...park, at, sinceMs: transition.now.monotonicMs, ...facts } });
}

/** Moves on to a stage that begins with a call. */
export function drive(
  transition: Transition,
  at: Park["at"],
  call: DriverCall,
  facts: Partial<Park> = {},
): void {
  enter(transition, at, facts);
  again(transition, call);
}

/** Calls again within the same stage. */
function again(transition: Transition, call: DriverCall): void {
  const park = parkOf(transition);
  const number = park.number + 1;
  transition.know({ park: { ...park, call, number, askedMs: transition.now.monotonicMs } });
  const { pid, heldMiB, guesses } = park;
  const guess = guesses !== undefined && { guess: true as const };
  transition.perform({ do: "drive", run: transition.run, call, number, pid, heldMiB, ...guess });
}

/** What the last call has shown. */
export interface Shown {
  state: Exclude<DriverAnswer["state"], null | "busy"> | "impossible";
  /** How long the call took; absent where only the state was asked, since nobody knows what became of the call. */
  ms?: number;
  /** Why the call failed, or was broken off. */
  why?: string;
  /** CUDA's code for that, where it failed. */
  code?: number;
  /** It may not have done its work because it was broken off, and not too often for another try. */
  mayTryAgain: boolean;
}

/** Null while that is under way, or the driver doesn't tell: then it is asked for the state until it does. */
export function shownBy(transition: Transition, { park: seen }: Seen): Shown | null {
  const { call, number, askedMs, at, guesses } = parkOf(transition);
  if (seen?.number !== number) {
    // It was made by an earlier supervisor, and may have done its work or not. Calls about a stopped program hang.
    transition.perform({ do: "thaw", run: transition.run });
    again(transition, "look");
    return null;
  }
  const { answer } = seen;
  if (answer === null) return null;
  if (call !== "look") noteTrouble(transition, answer);
  const { trouble: why = answer.why, code, tries } = parkOf(transition);
  const looked = call === "look";
  const shown = {
    ...(!looked && { ms: answer.ms }),
    ...(why !== undefined && { why }),
    ...(code !== undefined && { code }),
    mayTryAgain: looked && tries < MOST_TRIES,
  };
  // Later it may be locked, which what the driver lacks doesn't undo.
  const untouched = at === "locking" || (at === "asking" && (answer.code ?? guesses) !== undefined);
  if (answer.impossible && untouched) return { ...shown, state: "impossible" };
  if (answer.state !== null && answer.state !== "busy") return { ...shown, state: answer.state };
  if (!looked || transition.now.monotonicMs - askedMs >= AGAIN_MS) again(transition, "look");
  return null;
}

function noteTrouble(transition: Transition, { state, why, code }: DriverAnswer): void {
  const park = parkOf(transition);
  const tries = state === null ? park.tries + 1 : park.tries;
  const trouble = { ...(why !== undefined && { trouble: why }), ...(code !== undefined && { code }) };
  transition.know({ park: { ...park, tries, ...trouble } });
}

/** Repeats a call whose state shows that it hasn't done its work, once a while has passed. */
export function repeat(transition: Transition, call: DriverCall): void {
  if (transition.now.monotonicMs - parkOf(transition).askedMs >= AGAIN_MS) again(transition, call);
}
