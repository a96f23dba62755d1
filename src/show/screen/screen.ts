/** What the dashboard knows and shows at one moment. Data only. */
import type { JobView, Snapshot } from "../../control/protocol.ts";
import type { JobPast } from "../../report/job-past.ts";
import { inOrder, matching, type Order } from "../draw/job-order.ts";
import type { Tone } from "../draw/lines.ts";
import type { Trends } from "../draw/trend.ts";
import type { Loss } from "./losses.ts";

export interface Size {
  width: number;
  height: number;
}

export type View = "jobs" | "job" | "log" | "why" | "help";

/** Asked before something ends. */
export type Question = { what: "leave" } | { what: "cancel"; job: string };

export interface Screen {
  /** Null until the first has come. */
  snapshot: Snapshot | null;
  /** Why no snapshot comes now; null while they do. */
  lost: string | null;
  view: View;
  /** The question on the screen, which the next key answers. */
  asks: Question | null;
  /** Words that a job's name, state or command must hold to be listed; empty lists all. */
  filter: string;
  /** Whether keys are letters of the filter now. */
  typing: boolean;
  order: Order;
  /** Name of the selected job; it stays selected wherever its row goes. */
  selected: string | null;
  /** First line of a page that is seen; `null` follows the end of a log. */
  scroll: number | null;
  /** The selected job's log, or why it can't be read; null until it was read. */
  log: { lines: string[] } | { unreadable: string } | null;
  /** What the record tells of the job on its page, or why it can't be read; null until it was read. */
  past: JobPast | { unreadable: string } | null;
  /** Of the job on its page, as far as this dashboard has seen it. */
  losses: readonly Loss[];
  /** Of the machine's gauges, as far as this dashboard has seen them. */
  trends: Trends;
  /** An answer to the user's last request; gone with the next key. */
  message: { text: string; tone: Tone } | null;
}

export const newScreen = (): Screen => ({
  snapshot: null,
  lost: null,
  view: "jobs",
  asks: null,
  filter: "",
  typing: false,
  order: "as configured",
  selected: null,
  scroll: 0,
  log: null,
  past: null,
  losses: [],
  trends: {},
  message: null,
});

/** The jobs that the filter leaves, in the order in which they stand. */
export const listedJobs = ({ snapshot, filter, order }: Screen): JobView[] =>
  inOrder(matching(snapshot?.jobs ?? [], filter), order);

/** The selected job, or the first listed when it isn't. */
export function selectedJob(screen: Screen): JobView | null {
  const jobs = listedJobs(screen);
  return jobs.find((job) => job.name === screen.selected) ?? jobs[0] ?? null;
}
