/**
 * Events → what each job did, as spans without a gap or an overlap. Pure. Never invents a moment: what the
 * log doesn't tell is `unwatched`, or lies before a job's first span.
 */
import type { AuditEvent } from "../model/event.ts";
import type { KnownJob, Span } from "./span.ts";
import { Timeline } from "./timeline.ts";

export interface History {
  /** In the order in which they were written. */
  events: readonly AuditEvent[];
  /** The last sign of a supervisor before a moment, in wall time: a sample or an event. */
  lastSignMs: (beforeMs: number) => number | null;
  jobs: readonly KnownJob[];
  /** When the report is made, or its period's end. */
  untilMs: number;
}

/** By job. */
export function timelines({ events, lastSignMs, jobs, untilMs }: History): Map<string, Span[]> {
  const found = new Map<string, Timeline>();
  for (const event of events) {
    if (event.kind === "supervisor.started") {
      const atMs = Date.parse(event.at);
      const signMs = lastSignMs(atMs);
      for (const timeline of found.values()) timeline.supervisorIsBack(signMs, atMs);
    }
    if (event.job === null) continue;
    const timeline = found.get(event.job) ?? new Timeline();
    found.set(event.job, timeline);
    timeline.take(event);
  }
  for (const { name, state, sinceMs } of jobs) {
    if (found.has(name) || state !== "waiting" || sinceMs >= untilMs) continue;
    const timeline = new Timeline();
    found.set(name, timeline);
    timeline.waitsSince(sinceMs);
  }
  const endMs = lastSignMs(untilMs) ?? untilMs;
  const known = new Map(jobs.map((job) => [job.name, job]));
  const spans = [...found].map(([name, timeline]): [string, Span[]] => [
    name,
    timeline.end({ untilMs, lastSignMs: endMs, known: known.get(name) }),
  ]);
  return new Map(spans.filter(([, all]) => all.length > 0));
}
