/** What the dashboard knows and shows at one moment. Data only. */
import type { JobView, Snapshot } from "../../control/protocol.ts";
import { inOrder } from "../draw/job-order.ts";
import type { Tone } from "../draw/lines.ts";

export interface Size {
  width: number;
  height: number;
}

export type View = "jobs" | "log" | "why" | "help";

export interface Screen {
  /** Null until the first has come. */
  snapshot: Snapshot | null;
  /** Why there is no connection now; null while there is one. */
  lost: string | null;
  view: View;
  /** Whether Ctrl-C's question is on the screen. */
  leaving: boolean;
  /** Name of the selected job; it stays selected wherever its row goes. */
  selected: string | null;
  /** First line of a page that is seen; `null` follows the end of a log. */
  scroll: number | null;
  /** The selected job's log, or why it can't be read; null until it was read. */
  log: { lines: string[] } | { unreadable: string } | null;
  /** An answer to the user's last request; gone with the next key. */
  message: { text: string; tone: Tone } | null;
}

export const newScreen = (): Screen => ({
  snapshot: null,
  lost: null,
  view: "jobs",
  leaving: false,
  selected: null,
  scroll: 0,
  log: null,
  message: null,
});

/** The selected job, or the first when it is gone. */
export function selectedJob(screen: Screen): JobView | null {
  const jobs = inOrder(screen.snapshot?.jobs ?? []);
  return jobs.find((job) => job.name === screen.selected) ?? jobs[0] ?? null;
}
