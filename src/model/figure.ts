/**
 * A figure learned by measuring the same thing again and again: the last few measurements and how many there
 * were. One wrong measurement changes nothing, and every old one is forgotten, so figures fall as well as rise.
 */

export interface Figure {
  /** How often it was measured, ever. */
  count: number;
  /** The last measurements, the newest last; never empty. */
  recent: number[];
}

/** What is said of a figure, in its own unit. */
export interface Summary {
  count: number;
  /** The median of the last measurements, and the median distance from it. */
  typical: number;
  spread: number;
  /** What it must be expected to reach; see `peak`. */
  peak: number;
  last: number;
}

/** How many measurements are kept. */
export const KEPT = 9;
/** Fewer can't outvote a wrong one. */
const ENOUGH = 3;
/** Four digits are more than any of them is worth, and keep a job's row short. */
const DIGITS = 4;

/** Returns the figure as it was for a value that can't be one: negative, or not a number. */
export function noted<F extends Figure | undefined>(figure: F, value: number): F | Figure {
  if (!Number.isFinite(value) || value < 0) return figure;
  const recent = [...(figure?.recent ?? []), Number(value.toPrecision(DIGITS))].slice(-KEPT);
  return { count: (figure?.count ?? 0) + 1, recent };
}

/** Whether one wrong measurement among them would be outvoted. */
export const isSure = ({ recent }: Figure): boolean => recent.length >= ENOUGH;

/** The median of the last measurements. */
export const typical = ({ recent }: Figure): number => median(recent);

/** The highest of the last measurements, without the one that may be wrong if there are enough of them. */
export function peak({ recent }: Figure): number {
  let [first, second] = [0, 0];
  for (const value of recent) {
    second = Math.max(second, Math.min(first, value));
    first = Math.max(first, value);
  }
  return recent.length < ENOUGH ? first : second;
}

/** The highest of the last measurements, right or wrong. */
export const highest = ({ recent }: Figure): number => Math.max(0, ...recent);

export function summary(figure: Figure): Summary {
  const middle = typical(figure);
  const spread = median(figure.recent.map((value) => Math.abs(value - middle)));
  const last = figure.recent.at(-1) ?? 0;
  return { count: figure.count, typical: middle, spread, peak: peak(figure), last };
}

function median(values: readonly number[]): number {
  const rising = [...values].sort((a, b) => a - b);
  const middle = (rising.length - 1) / 2;
  return ((rising[Math.floor(middle)] ?? 0) + (rising[Math.ceil(middle)] ?? 0)) / 2;
}
