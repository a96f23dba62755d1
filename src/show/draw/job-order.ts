/** The order in which jobs stand on the screen. Pure. */

import type { JobView } from "../../control/protocol.ts";
import { isEnded, isLive } from "../../model/state.ts";

const rank = ({ state }: JobView): number => (isLive(state) ? 0 : isEnded(state) ? 2 : 1);

/** Up to so many jobs keep their places; of more, what runs stands first and what has ended last. */
export const FEW = 12;

export function inOrder(jobs: JobView[]): JobView[] {
  if (jobs.length <= FEW) return jobs;
  return [0, 1, 2].flatMap((group) => jobs.filter((job) => rank(job) === group));
}
