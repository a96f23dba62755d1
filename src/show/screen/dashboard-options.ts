/** What the dashboard is opened with, and how it can end. */
import type { JobView } from "../../control/protocol.ts";

export interface DashboardOptions {
  /** At most the last `maxBytes` of the job's log as text; rejects with a reason for people. */
  readLog: (job: JobView, maxBytes: number) => Promise<string>;
  /** Who asks, for the audit log: `user ana (dashboard)`; default the user's name. */
  by?: string;
}

/** `detached`: the supervisor goes on. `stopped`: it ended, by this dashboard's request or another's. */
export type DashboardEnd = "detached" | "stopped";
