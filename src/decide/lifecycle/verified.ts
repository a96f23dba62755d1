/** What came of the full check of a checkpoint: good, or back to the one before. */
import type { Checkpoint } from "../../model.ts";
import { number } from "../say.ts";
import type { Turn } from "./turn.ts";

export interface Checked {
  path: string;
  result: "good" | "corrupt" | "unknown";
  reason: string;
}

export function checked(turn: Turn, { path, result, reason }: Checked): void {
  const { checkpoint } = turn.job;
  if (checkpoint === null || checkpoint.path !== path || checkpoint.verified !== "quick") return;
  if (result === "unknown") {
    if (turn.state.name === "paused") turn.effects.push({ do: "verify", job: turn.name, checkpoint });
    return;
  }
  if (result === "good") {
    confirm(turn, checkpoint);
    return;
  }
  const [previous = null, ...older] = turn.job.older ?? [];
  const from = previous === null ? "the beginning" : `the one before${at(previous)}`;
  const steps = (checkpoint.step ?? 0) - (previous?.step ?? 0);
  turn.job.rejected = [...(turn.job.rejected ?? []), path];
  turn.job.older = older;
  turn.tell(
    "checkpoint.rejected",
    "supervisor",
    `Checkpoint ${path} is corrupt (${reason}): it goes on from ${from}.`,
    {
      outcome: {
        path,
        stepsLost: checkpoint.step === null ? null : steps,
        fallBackTo: previous?.path ?? null,
      },
    },
  );
  hold(turn, previous);
  if (turn.state.name === "paused" && previous?.verified === "quick")
    turn.effects.push({ do: "verify", job: turn.name, checkpoint: previous });
}

function confirm(turn: Turn, checkpoint: Checkpoint): void {
  hold(turn, { ...checkpoint, verified: "full" });
  turn.tell(
    "checkpoint.verified",
    "supervisor",
    `Checkpoint${at(checkpoint)} is whole: every SHA-256 matches.`,
    {
      outcome: { path: checkpoint.path, step: checkpoint.step, bytes: checkpoint.bytes, verified: "full" },
    },
  );
  if (turn.job.spec.checkpoint.glob === undefined)
    turn.effects.push({ do: "prune", job: turn.name, keep: turn.job.spec.checkpoint.keep });
}

function hold(turn: Turn, checkpoint: Checkpoint | null): void {
  turn.job.checkpoint = checkpoint;
  if (turn.state.name === "paused") turn.state = { ...turn.state, checkpoint };
}

const at = (checkpoint: Checkpoint): string =>
  checkpoint.step === null ? "" : ` of step ${number(checkpoint.step)}`;
