/** What the dashboard is opened with, and how it can end. */
import type { JobView, Snapshot } from "../../control/protocol.ts";
import type { JobPast, Watched } from "../../report/job-past.ts";

export interface DashboardOptions {
  /** At most the last `maxBytes` of the job's log as text; rejects with a reason for people. */
  readLog: (job: JobView, maxBytes: number) => Promise<string>;
  /** What the record tells of a job and of what is watched, up to the snapshot; rejects with a reason for people. */
  readPast: (job: JobView, watched: Watched[], snapshot: Snapshot) => Promise<JobPast>;
  /** Who asks, for the audit log: `user ana (dashboard)`; default the user's name. */
  by?: string;
}

/**
 * `detached`: the supervisor goes on. `stopped`: it ended, by this dashboard's request or another's. `unsaved`: it
 * ended, and a job that was to be saved isn't, or its last events aren't recorded.
 */
export type DashboardEnd = "detached" | "stopped" | "unsaved";
