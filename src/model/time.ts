/** The two clocks, and what the second one counts from. */

/** Stands for the boot where the system doesn't identify it. */
export const UNKNOWN_BOOT = "unknown";

/** Wall time for windows and people; monotonic time for dwell, grace period and cool-down. */
export interface Now {
  wallMs: number;
  monotonicMs: number;
}
