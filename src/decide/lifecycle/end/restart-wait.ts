/**
 * How long a job backs off before its next run after runs that ended badly. The only place that knows
 * the longest wait.
 */
import type { JobSpec } from "../../../config/schema/job-schema.ts";

const LONGEST_DOUBLED_MS = 3_600_000;

/**
 * In ms: `restart.backoffSeconds`, doubled with each consecutive bad end up to an hour. A configured
 * wait longer than an hour holds as it is. `inARow`: the bad ends so far, at least 1.
 */
export function restartWaitMs({ restart }: JobSpec, inARow: number): number {
  const first = restart.backoffSeconds * 1000;
  return Math.min(first * 2 ** (inARow - 1), Math.max(first, LONGEST_DOUBLED_MS));
}
