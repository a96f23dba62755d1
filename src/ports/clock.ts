/** Time, as the tick is given it: the real one is src/clock.ts; tests bring their own. */
import type { Now } from "../model/time.ts";

export interface Clock {
  now(): Now;
}
