/**
 * `control.json`: the supervisor's word; the signal is only the doorbell. Must never be half believed:
 * a text is a whole word, or it changes nothing.
 */
import { isWhole, parseObject, Rejected, refuse, wholeFrom } from "./values.ts";

const WANTS = ["run", "pause", "standby", "release"] as const;

/** Replaced atomically. */
export interface Control {
  /** Grows by one with every word; the job acknowledges the last one it has read. */
  sequence: number;
  want: (typeof WANTS)[number];
}

/** The file is some 40 bytes; a job reads it in the middle of its training. */
export const MOST_CONTROL_BYTES = 64 * 1024;

/** Other names in it are allowed and dropped. */
export function parseControl(bytes: Uint8Array): Control | Rejected {
  const raw = parseObject(bytes, MOST_CONTROL_BYTES);
  if (raw instanceof Rejected) return raw;
  const { sequence } = raw;
  if (!isWhole(sequence, 0)) return refuse("sequence", sequence, wholeFrom(0));
  const want = WANTS.find((word) => word === raw.want);
  return want ? { sequence, want } : refuse("want", raw.want, `one of ${WANTS.join(", ")}`);
}
