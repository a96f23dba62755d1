/** How long a job may take to save before its pause is overdue. */
import type { Learned } from "./job.ts";

const AUTO_AT_LEAST_MS = 120_000;

/** `graceSeconds: "auto"` is three times the slowest save seen, and at least two minutes. In ms. */
export function graceMs(
  graceSeconds: number | "auto",
  { slowestSaveMs }: Pick<Learned, "slowestSaveMs">,
): number {
  if (graceSeconds !== "auto") return graceSeconds * 1000;
  return Math.max(AUTO_AT_LEAST_MS, 3 * (slowestSaveMs ?? 0));
}
