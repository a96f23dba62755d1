/** Which events tell of steps that are lost, each loss once. Pure. */
import type { NewEvent } from "./event.ts";

/** Others announce a loss that one of these tells again. */
const OTHERWISE: readonly NewEvent["kind"][] = [
  "job.failed",
  "job.lost",
  "job.cancelled",
  "checkpoint.rejected",
];

export interface Loss {
  /** Null: nobody could count them. */
  steps: number | null;
  byPause: boolean;
}

/** Null where the event tells of none. */
export function lossOf(event: Pick<NewEvent, "kind" | "outcome">): Loss | null {
  const { kind, outcome: { stepsLost } = {} } = event;
  const byPause = kind === "pause.completed" || isUnsaved(event);
  if (stepsLost === undefined || !(byPause || OTHERWISE.includes(kind))) return null;
  return { steps: typeof stepsLost === "number" ? stepsLost : null, byPause };
}

/**
 * The losses told before, each as it was told, that are none: checkpoints that had been passed over count again. A
 * counter that may only grow can't take them off.
 */
export const notLostOf = ({ outcome: { notLost } = {} }: Pick<NewEvent, "outcome">): Loss["steps"][] =>
  Array.isArray(notLost) ? notLost : [];

/**
 * The job is paused without a checkpoint. Another pause that failed has ended as a failure or a loss, which another
 * event tells, or its job holds its run.
 */
export const isUnsaved = ({ kind, outcome = {} }: Pick<NewEvent, "kind" | "outcome">): boolean =>
  kind === "pause.failed" && outcome.goneAfterMs !== undefined;
