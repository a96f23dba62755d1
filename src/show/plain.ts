/**
 * What people read without a dashboard: one line per event, the `status` table, the answer to
 * "why?". Pure; never prints.
 */
import type { AuditEvent } from "../model.ts";
import type { Snapshot } from "../protocol.ts";

/** `14:02:11 train  pause requested: …`, in local time. */
export function formatEvent(event: AuditEvent): string {
  return `${event.at.slice(11, 19)} ${event.job ?? ""}  ${event.kind}: ${event.reason}`;
}

/** The machine and one line per job, no line wider than `width` columns. */
export function formatStatus(snapshot: Snapshot, width: number): string {
  return snapshot.jobs
    .map((job) => `${job.name}  ${job.state}  ${job.why.summary}`.slice(0, width))
    .join("\n");
}

/** Why `job` is as it is; without a job, every job that isn't running. */
export function formatWhy(snapshot: Snapshot, job?: string): string {
  const asked = snapshot.jobs.filter((view) =>
    job === undefined ? view.state !== "running" : view.name === job,
  );
  return asked.map((view) => `${view.name}  ${view.why.summary}`).join("\n");
}
