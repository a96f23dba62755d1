/** What a sample shows of others' use: all of them together, and each program of the CPU. Pure. */
import type { ProcessEvidence, Reading, Sample } from "../../model/machine.ts";
import type { Course, OthersUsed, ProgramsUsed, Uses } from "../world.ts";

const CPU = "cpu";
/** With less of the CPU used by others, all processes aren't looked at. */
const QUIET = 10;
const COURSE_MS = 5000;

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
  const programs = programsUsed(sample, most[CPU]) ?? before.programs;
  return { proven, most, ...(programs && { programs }) };
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

export const newCourse = (sinceMs: number): Course => ({ sinceMs, sums: {}, weight: 0 });

/** A course with one more reading, which counts as much as its `weight`. Made anew for every job at every tick: lean. */
export function goOn(course: Course, uses: Uses, weight: number, nowMs: number): Course {
  const sums: Record<string, number> = { ...course.sums };
  for (const used in uses) sums[used] = (sums[used] ?? 0) + weight * (uses[used] ?? 0);
  const all = course.weight + weight;
  if (nowMs - course.sinceMs < COURSE_MS) return { ...course, sums, weight: all };
  return { ...newCourse(nowMs), least: lower(course.least, sums, all) };
}

/** The lower of each mean and what was the least so far; of what was there in every one. */
function lower(least: Uses | undefined, sums: Uses, weight: number): Uses {
  const lowest: Record<string, number> = {};
  for (const used in sums) {
    const mean = (sums[used] ?? 0) / weight;
    const known = least === undefined ? mean : least[used];
    if (known !== undefined) lowest[used] = Math.min(known, mean);
  }
  return lowest;
}
