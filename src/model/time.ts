/** The two clocks, and what the second one counts from. */

/** Stands for the boot where the system doesn't identify it. */
export const UNKNOWN_BOOT = "unknown";

/** File times come from a clock that ticks only every few ms. */
export const FILE_CLOCK_MS = 20;

/** Wall time for windows and people; monotonic time for dwell, grace period and cool-down. */
export interface Now {
  wallMs: number;
  monotonicMs: number;
}
