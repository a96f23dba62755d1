/** Which jobs stand on the screen, and in which order. Pure. */

import type { JobView } from "../../control/protocol.ts";
import { isEnded, isLive } from "../../model/state.ts";
import { shareOf } from "../job-words.ts";
import { measured } from "../readings.ts";

const rank = ({ state }: JobView): number => (isLive(state) ? 0 : isEnded(state) ? 2 : 1);

/** Up to so many jobs keep their places; of more, what runs stands first and what has ended last. */
export const FEW = 12;

export const ORDERS = ["as configured", "by name", "by newest change", "by CPU", "by progress"] as const;
export type Order = (typeof ORDERS)[number];

/** The lower, the further up. What isn't known stands last. */
const PLACES: Record<Exclude<Order, "as configured" | "by name">, (job: JobView) => number> = {
  "by newest change": (job) => -job.sinceMs,
  "by CPU": (job) => -(measured(job.use?.cpuPercent) ?? -1),
  "by progress": (job) => -(shareOf(job) ?? -1),
};

export function inOrder(jobs: JobView[], order: Order = "as configured"): JobView[] {
  if (order === "by name")
    return jobs.toSorted((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  if (order !== "as configured") {
    const place = PLACES[order];
    return jobs.toSorted((a, b) => place(a) - place(b));
  }
  if (jobs.length <= FEW) return jobs;
  return [0, 1, 2].flatMap((group) => jobs.filter((job) => rank(job) === group));
}

/** Those of which name, state or command hold each word of `filter`, in any case. */
export function matching(jobs: JobView[], filter: string): JobView[] {
  const words = filter
    .toLowerCase()
    .split(" ")
    .filter((word) => word !== "");
  if (words.length === 0) return jobs;
  return jobs.filter(({ name, state, command }) => {
    const text = [name, state, ...command].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
