/** What the page's script draws: made by series.ts, read in the browser. */

/** Values and times of all metrics; `fromMs` is wall time. */
export interface Plots {
  fromMs: number;
  stepMs: number;
  columns: number;
  series: Series[];
}

/** `data`: base64 of 16-bit steps from `least` to `most`, all lows and then all highs; 65535 is a gap. */
export interface Series {
  metric: string;
  /** The GPU's number and name; null for the machine. */
  gpu: string | null;
  least: number;
  most: number;
  data: string;
  thresholds: { rule: string; value: number; clear: number }[];
}
