/** A cancel: ends the run by SIGTERM, then by SIGKILL, and only then calls the job cancelled. */
import { plural } from "../../words/list.ts";
import { stepsLost } from "./end.ts";
import { creditRunning } from "./learn.ts";
import type { Turn } from "./turn.ts";

const KILL_AFTER_MS = 10_000;

export function cancel(turn: Turn, by: string): void {
  const { state, now } = turn;
  switch (state.name) {
    case "finished":
    case "failed":
    case "cancelled":
      return;
    case "waiting":
    case "paused":
      turn.tell(
        "job.cancelled",
        "user",
        `${by} cancelled it before it ran${state.name === "paused" ? " on" : ""}.`,
      );
      turn.state = { name: "cancelled", since: now };
      return;
    default: {
      if (turn.job.cancelling !== undefined) return;
      creditRunning(turn);
      const lost = stepsLost(turn);
      const steps = lost === null ? "" : `; ${plural(lost, "step")} since its last checkpoint go with it`;
      turn.tell("job.cancelled", "user", `${by} cancelled it: its program is asked to end${steps}.`);
      turn.job.cancelling = { by, askedAt: now, killed: false };
      turn.effects.push({ do: "terminate", job: turn.name, run: state.run });
    }
  }
}

export function watchCancel(turn: Turn): void {
  const { cancelling } = turn.job;
  if (cancelling === undefined || cancelling.killed) return;
  if (turn.now.monotonicMs - cancelling.askedAt.monotonicMs < KILL_AFTER_MS) return;
  turn.job.cancelling = { ...cancelling, killed: true };
  turn.tell("job.cancelled", "supervisor", "It didn't end when it was asked to: it is killed.");
  turn.effects.push({ do: "kill", job: turn.name, run: turn.run });
}
