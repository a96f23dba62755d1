/**
 * What the record tells of one job's past, and of the machine's last hour beside it: for people who look at the job
 * now. Reads only.
 */
import type { AuditEvent } from "../model/event.ts";
import type { Metric, Reading, Sample } from "../model/machine.ts";
import { type RecordedRun, readEvents, readRuns, readSamples } from "../record/read.ts";
import { type Pause, pausesOf } from "./pauses.ts";
import { MOVING_KINDS } from "./state-after.ts";

/** A metric that a rule watches; `worst` is the end of its scale at which the rule acts. */
export interface Watched {
  metric: Metric;
  /** UUID. */
  gpu: string | null;
  worst: "highest" | "lowest";
}

export interface JobPast {
  /** Newest last, each at most `MOST`. */
  runs: RecordedRun[];
  pauses: Pause[];
  checkpoints: AuditEvent[];
  /** Wall times between which the courses lie; each of their values is of an equal part of it. */
  sinceMs: number;
  untilMs: number;
  /** In the order of what is watched: the worst value of each part, null where none was recorded. */
  courses: (number | null)[][];
}

export const PARTS = 60;
const COURSE_MS = 60 * 60_000;
const MOST = 8;
/** More than `MOST` pauses have: a pause takes a handful of events. */
const MOST_EVENTS = 200;

/** Throws DatabaseError. */
export function jobPast(path: string, job: string, watched: readonly Watched[], nowMs: number): JobPast {
  const sinceMs = nowMs - COURSE_MS;
  const courses = watched.map(() => new Array<number | null>(PARTS).fill(null));
  for (const sample of watched.length === 0 ? [] : readSamples(path, { sinceMs, untilMs: nowMs })) {
    const part = Math.min(PARTS - 1, Math.floor(((sample.at.wallMs - sinceMs) / COURSE_MS) * PARTS));
    for (const [at, course] of courses.entries()) note(course, part, watched[at] as Watched, sample);
  }
  return {
    runs: [...readRuns(path, { job, limit: MOST })],
    pauses: pausesOf([...readEvents(path, { job, kind: MOVING_KINDS, limit: MOST_EVENTS })]).slice(-MOST),
    checkpoints: [...readEvents(path, { job, kind: "checkpoint.verified", limit: MOST })],
    sinceMs,
    untilMs: nowMs,
    courses,
  };
}

function note(
  course: (number | null)[],
  part: number,
  { metric, gpu, worst }: Watched,
  sample: Sample,
): void {
  const reading = readingOf(sample, metric, gpu);
  if (reading === undefined || !("value" in reading)) return;
  const known = course[part] ?? reading.value;
  course[part] = worst === "highest" ? Math.max(known, reading.value) : Math.min(known, reading.value);
}

function readingOf({ machine, gpus }: Sample, metric: Metric, gpu: string | null): Reading | undefined {
  const values: Partial<Record<Metric, Reading>> =
    gpu === null ? machine : (gpus.find(({ uuid }) => uuid === gpu)?.metrics ?? {});
  return values[metric];
}
