/** How a park ends: its job rests without its VRAM, is frozen with it, or can't be brought back any more. */
import type { Cause } from "../../../model/actor.ts";
import type { Parked } from "../../../model/park.ts";
import type { Transition } from "../transition.ts";
import { enter, parkOf } from "./drive.ts";

export function rest(transition: Transition, cause: Cause, parked: Parked): void {
  enter(transition, "parked");
  transition.forget("resuming");
  transition.become({ name: "frozen", since: transition.now, run: transition.run, cause, parked });
}

/** @param why half a sentence */
export function freezeInstead(transition: Transition, why: string): void {
  const reason = `It can't be parked: ${why}. It is frozen instead: its memory stays held.`;
  transition.tell("pause.forced", "supervisor", reason, { outcome: { method: "freeze" } });
  transition.forget("park");
  transition.amend({ method: "freeze" });
  transition.perform({ do: "freeze", run: transition.run });
}

/** The driver has given its VRAM up, or can't bring it back: nothing but its end is left. */
export function breakDown(transition: Transition, why = "the driver says so"): void {
  const state = transition.live();
  const { heldMiB } = parkOf(transition);
  const reason = `Its VRAM is lost to it: ${why}. It can't go on; end it, and it begins again from its last checkpoint: supervisor pause ${transition.name} --terminate, then supervisor resume ${transition.name}.`;
  const kind = state.name === "pausing" ? "pause.failed" : "resume.failed";
  transition.tell(kind, "supervisor", reason, { outcome: { method: "park", final: true } });
  const cause: Cause =
    state.name === "pausing" ? state.request.cause : { actor: "supervisor", reason, critical: false };
  rest(transition, cause, { heldMiB, gone: state.name !== "pausing", broken: reason });
  transition.perform({ do: "freeze", run: transition.run });
}
