/** How long a job may take to save before its pause is overdue. */
import { type Figure, highest } from "./figure.ts";
import type { Learned } from "./learned.ts";

/** From SIGTERM to SIGKILL for a run that a person or its time limit has ended; longer while a save is seen to grow. */
export const KILLED_AFTER_MS = 30_000;

const AUTO_AT_LEAST_MS = 120_000;
const TIMES_SLOWEST = 3;

/**
 * `graceSeconds: "auto"` is three times the slowest of its last saves, with the time that it took to leave
 * after them, and at least two minutes. In ms.
 */
export function graceMs(
  graceSeconds: number | "auto",
  { saveMs, leaveMs }: Pick<Learned, "saveMs" | "leaveMs">,
): number {
  if (graceSeconds !== "auto") return graceSeconds * 1000;
  return Math.max(AUTO_AT_LEAST_MS, TIMES_SLOWEST * (slowest(saveMs) + slowest(leaveMs)));
}

const slowest = (figure: Figure | undefined): number => (figure === undefined ? 0 : highest(figure));
