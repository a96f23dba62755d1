/**
 * From probabilities of speech to segments: one opens with the first window that is surely speech, and
 * closes once it has been quiet for a while, at the end of the last window that wasn't.
 */
import { WINDOW_SECONDS } from "./detector.ts";

const SURELY = 0.5;
const PERHAPS = 0.35;
/** 8 windows are 256 ms: the pauses within speech are shorter. */
const QUIET_WINDOWS = 8;

/** In windows since the beginning. */
export interface Place {
  window: number;
  /** The segment that is open: its first window, and the one after the last that may be speech. */
  open: { from: number; to: number } | null;
}

/** In seconds of the sound. */
export interface Segment {
  start: number;
  end: number;
}

export class Segments {
  readonly place: Place;

  constructor(place: Place = { window: 0, open: null }) {
    this.place = place;
  }

  /** The next window. @returns the segment that it closes */
  next(probability: number): Segment | null {
    const { place } = this;
    const window = place.window++;
    if (place.open === null) {
      if (probability >= SURELY) place.open = { from: window, to: window + 1 };
      return null;
    }
    if (probability >= PERHAPS) place.open.to = window + 1;
    return place.window - place.open.to >= QUIET_WINDOWS ? this.close() : null;
  }

  /** The sound is over, or it has been quiet for long. */
  close(): Segment | null {
    const { open } = this.place;
    this.place.open = null;
    return open && { start: seconds(open.from), end: seconds(open.to) };
  }
}

const seconds = (windows: number): number => Math.round(windows * WINDOW_SECONDS * 1000) / 1000;
