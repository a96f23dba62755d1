/** The two clocks. */

/** Wall time for windows and people; monotonic time for dwell, grace and cool-down. */
export interface Now {
  wallMs: number;
  monotonicMs: number;
}
