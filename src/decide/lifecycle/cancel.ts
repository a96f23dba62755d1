/** Cancels a run: ends it by SIGTERM, then by SIGKILL, and only then calls the job cancelled. */
import { isOnSlurm } from "../../model/job.ts";
import { plural } from "../../words/list.ts";
import { stepsLost } from "./end/steps-lost.ts";
import type { Transition } from "./transition.ts";

const KILL_AFTER_MS = 10_000;

export function cancel(transition: Transition, by: string): void {
  const { state, now } = transition;
  switch (state.name) {
    case "finished":
    case "failed":
    case "cancelled":
      return;
    case "waiting":
    case "paused":
      transition.tell(
        "job.cancelled",
        "user",
        `${by} cancelled it before it ran${state.name === "paused" ? " on" : ""}.`,
      );
      if (isOnSlurm({ ...transition.job, state })) transition.perform({ do: "withdraw" });
      transition.become({ name: "cancelled", since: now });
      return;
    case "serving":
    case "absent":
      throw transition.bug("cancel");
    default: {
      if (transition.job.cancelling !== undefined) return;
      const lost = stepsLost(transition);
      const steps =
        lost === null
          ? ""
          : `; ${plural(lost, "step")} since its last checkpoint ${lost === 1 ? "goes" : "go"} with it`;
      transition.tell("job.cancelled", "user", `${by} cancelled it: its program is asked to end${steps}.`);
      transition.note({ cancelling: { by, askedAt: now, killed: false } });
      transition.perform({ do: "terminate", run: state.run });
    }
  }
}

export function watchCancel(transition: Transition): void {
  const { cancelling } = transition.job;
  if (cancelling === undefined || cancelling.killed) return;
  if (transition.now.monotonicMs - cancelling.askedAt.monotonicMs < KILL_AFTER_MS) return;
  transition.note({ cancelling: { ...cancelling, killed: true } });
  transition.tell("job.cancelled", "supervisor", "It didn't end when it was asked to: it is killed.");
  transition.perform({ do: "kill", run: transition.run });
}
