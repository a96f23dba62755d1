/**
 * What was recorded, as replay needs it: samples in order, and what is known of the jobs and their runs.
 * From a database here, from a CSV in read-csv.ts.
 */
import type { AuditEvent } from "../../model/event.ts";
import type { Job } from "../../model/job.ts";
import type { Sample } from "../../model/machine.ts";
import { type RecordedRun, readJobs, readRuns, readSamples, sampleSpan } from "../../record/read.ts";
import { readHistory, unreadText } from "../../record/read-history.ts";
import { list } from "../../words/list.ts";

/** Wall time in ms: from `fromMs` up to, and without, `untilMs`. */
export interface Span {
  fromMs: number;
  untilMs: number;
}

export type PastRun = Pick<RecordedRun, "id" | "job" | "startedMs" | "endedMs" | "gpus">;

/** An event with its time as a number. */
export type PastEvent = AuditEvent & { atMs: number };

export interface History {
  span: Span;
  /** How many samples there are, for progress. */
  count: number;
  /** Between two samples, usually; left out where they come as a supervisor takes them. */
  paceSeconds?: number;
  /** As they are known at the end. */
  jobs: Job[];
  /** Oldest first. */
  runs: PastRun[];
  /** Of jobs alone, oldest first, from before the span, too. */
  events: PastEvent[];
  /** What the reader noticed and people should know: whole sentences. */
  doubts: string[];
  samples(): Iterable<Sample>;
}

/** @throws DatabaseError; null where the span holds no sample. */
export function databaseHistory(path: string, asked: Partial<Span> = {}): History | null {
  const there = sampleSpan(path, { sinceMs: asked.fromMs, untilMs: asked.untilMs });
  if (there === null) return null;
  const span = { fromMs: there.firstMs, untilMs: there.lastMs + 1 };
  const events: PastEvent[] = [];
  const doubts: string[] = [];
  const blamed = new Set<string>();
  let edited = 0;
  for (const event of readHistory(path, null, span.untilMs)) {
    if ("first" in event) {
      doubts.push(unreadText(event));
      continue;
    }
    const atMs = Date.parse(event.at);
    if (event.kind === "config.changed" && atMs >= span.fromMs) edited += 1;
    if (event.kind === "rule.misattributed" && event.job !== null) blamed.add(event.job);
    if (event.job !== null) events.push({ ...event, atMs });
  }
  if (edited > 0)
    doubts.push(
      "The config was changed within this time: each config here is in force from the beginning to the end.",
    );
  if (blamed.size > 0)
    doubts.push(
      `A rule was found to blame ${list([...blamed])} for its own use and was off for it from then on: a replay can't find that.`,
    );
  return {
    span,
    count: there.count,
    jobs: readJobs(path),
    runs: [...readRuns(path)].filter(({ startedMs }) => startedMs < span.untilMs),
    events,
    doubts,
    samples: () => readSamples(path, { sinceMs: span.fromMs, untilMs: span.untilMs }),
  };
}
