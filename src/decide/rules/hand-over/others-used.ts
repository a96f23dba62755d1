/** What a sample shows of others' use: all of them together, and each program of the CPU. Pure. */
import type { ProcessEvidence, Reading, Sample } from "../../../model/machine.ts";
import type { Course, OthersUsed, ProgramsUsed, Tally, Uses } from "../../world.ts";

const CPU = "cpu";
/** With less of the CPU used by others, all processes aren't looked at. */
const QUIET = 10;
const COURSE_MS = 5000;
/** Longer than any five seconds of a course, with the time between two looks at all processes. */
const FORGOTTEN_MS = 60_000;

/** `before`: of the last tick; not every tick looks at all processes. */
export function othersUsed({ machine, gpus, ...sample }: Sample, before: OthersUsed): OthersUsed {
  const proven: Record<string, number> = {};
  const most: Record<string, number> = {};
  const add = (name: string, reading: Reading): void => {
    if (!("value" in reading)) return;
    proven[name] = reading.value;
    most[name] = reading.upTo ?? reading.value;
  };
  add(CPU, machine["cpu.others"]);
  for (const { uuid, metrics } of gpus) add(uuid, metrics["gpu.others.utilization"]);
  const nowMs = sample.at.monotonicMs;
  const all = tallied(before.all, proven, 1, nowMs);
  const programs = programsUsed(sample, most[CPU]);
  if (programs === null) return { ...before, proven, most, all };
  const each = tallied(before.each, programs.uses, nowMs - programs.sinceMs, nowMs);
  return { proven, most, all, programs, each };
}

/** Null where this sample says nothing new of them. `most`: that all others may have used. */
function programsUsed(
  { at, foreign, looked }: Pick<Sample, "at" | "foreign" | "looked">,
  most: number | undefined,
): ProgramsUsed | null {
  if (looked !== undefined) return { ...looked, uses: byCommand(foreign) };
  if (most === undefined || most >= QUIET) return null;
  return { sinceMs: at.monotonicMs - 1000, uses: {}, unlisted: most };
}

function byCommand(foreign: readonly ProcessEvidence[]): Uses {
  const uses: Record<string, number> = {};
  for (const { command, cpuPercent = 0 } of foreign) uses[command] = (uses[command] ?? 0) + cpuPercent;
  return uses;
}

/** Others' use before anything is known of it. */
export const UNSEEN: OthersUsed = {
  proven: {},
  most: {},
  all: { weight: 0, sums: {} },
  each: { weight: 0, sums: {} },
};

/** With one more reading, which counts as much as its `weight`. What wasn't there for long is forgotten. */
function tallied(tally: Tally, uses: Uses, weight: number, nowMs: number): Tally {
  const sums: Record<string, { sum: number; atMs: number }> = {};
  for (const [used, known] of Object.entries(tally.sums))
    if (nowMs - known.atMs < FORGOTTEN_MS) sums[used] = known;
  for (const [used, use] of Object.entries(uses))
    sums[used] = { sum: (sums[used]?.sum ?? 0) + weight * use, atMs: nowMs };
  return { weight: tally.weight + weight, sums };
}

/** What a course hears of at a tick. Every job has one at every tick: mostly the same. */
export function goOn(course: Course, before: Tally, now: Tally, nowMs: number): Course {
  if (nowMs < course.sinceMs) return course;
  if (course.from === undefined) return { ...course, from: before };
  if (nowMs - course.sinceMs < COURSE_MS) return course;
  return { sinceMs: nowMs, from: now, least: lower(course.least, meansBetween(course.from, now)) };
}

/** Of what was used at all. */
function meansBetween(before: Tally, now: Tally): Uses {
  const weight = now.weight - before.weight;
  const means: Record<string, number> = {};
  for (const used in now.sums) {
    const more = (now.sums[used]?.sum ?? 0) - (before.sums[used]?.sum ?? 0);
    if (more > 0) means[used] = more / weight;
  }
  return means;
}

/** The lower of each mean and what was the least so far; of what was there in every one. */
function lower(least: Uses | undefined, means: Uses): Uses {
  const lowest: Record<string, number> = {};
  for (const used in means) {
    const mean = means[used] ?? 0;
    const known = least === undefined ? mean : least[used];
    if (known !== undefined) lowest[used] = Math.min(known, mean);
  }
  return lowest;
}
