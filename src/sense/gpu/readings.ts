/**
 * A GPU's report and the owners of its processes → readings. Pure. What others use is only what
 * their own processes were seen to use; what may be theirs is doubt (`upTo`); where nobody can tell,
 * the reading is unavailable. Total less ours proves nothing, and below 30 % it isn't even doubt.
 */
import type { GpuMetric, Reading } from "../../model/machine.ts";
import type { GpuReport, ProcessReport, Told } from "./report.ts";

/** A process of the report, with what is known of whose it is. */
export interface OwnedProcess extends ProcessReport {
  whose: "ours" | "others" | "ignored" | "nobody";
  /** Began after our run on this GPU; null where its start isn't known. */
  younger: boolean | null;
}

export interface Circumstances {
  atMs: number;
  /** A live run of ours is on this GPU or may be. */
  oursHere: boolean;
  /** Why pids don't say whose a process is, or null when they do. */
  blind: string | null;
  /** From this percentage on an ignored program counts as others. */
  ignoreBelow: number;
  /** Whether a run of ours has been on this GPU: nobody is a newcomer before. */
  visited: boolean;
}

const LEAST_REMAINDER = 30;

export type OthersMetric = "gpu.others.utilization" | "gpu.others.memoryMiB" | "gpu.newcomers.memoryMiB";

export function readingsOf(
  report: GpuReport,
  owned: OwnedProcess[],
  here: Circumstances,
): Record<GpuMetric, Reading> {
  const { atMs } = here;
  const total = told(report.memoryTotalMiB, atMs);
  const used = told(report.memoryUsedMiB, atMs);
  const free =
    "value" in total && "value" in used
      ? { value: Math.max(0, total.value - used.value), atMs }
      : "value" in total
        ? used
        : total;
  return {
    "gpu.utilization": utilization(report, here),
    "gpu.memory.freeMiB": free,
    "gpu.temperature": told(report.temperature, atMs),
    "gpu.power": told(report.powerWatts, atMs),
    "gpu.throttled": told(report.throttled, atMs),
    ...othersReadings(report, owned, here),
  };
}

export const told = (figure: Told, atMs: number): Reading =>
  isFigure(figure)
    ? { value: figure, atMs }
    : { unavailable: typeof figure === "string" ? figure : "the driver tells a senseless figure" };

const isFigure = (told: Told): told is number =>
  typeof told === "number" && Number.isFinite(told) && told >= 0;

function utilization({ utilization: figure, suspect }: GpuReport, { atMs, blind }: Circumstances): Reading {
  const reading = told(figure, atMs);
  if (!("value" in reading) || !suspect || blind !== null) return reading;
  return { value: 0, upTo: reading.value, atMs };
}

/** Whether a process counts as others': the programs of a desktop only when they are seen to really compute. */
export const counts = ({ whose, smPercent }: OwnedProcess, ignoreBelow: number): boolean =>
  whose === "others" || (whose === "ignored" && isFigure(smPercent) && smPercent >= ignoreBelow);

function othersReadings(
  report: GpuReport,
  owned: OwnedProcess[],
  here: Circumstances,
): Record<OthersMetric, Reading> {
  const { atMs, oursHere } = here;
  const blind = here.blind ?? (typeof report.processes === "string" ? report.processes : null);
  if (blind === null) return seen(report, owned, here);
  const unavailable: Reading = { unavailable: blind };
  if (oursHere) {
    return {
      "gpu.others.utilization": unavailable,
      "gpu.others.memoryMiB": unavailable,
      "gpu.newcomers.memoryMiB": unavailable,
    };
  }
  // With nothing of ours on it, all that is used is others'.
  return {
    "gpu.others.utilization": told(report.utilization, atMs),
    "gpu.others.memoryMiB": told(report.memoryUsedMiB, atMs),
    "gpu.newcomers.memoryMiB": unavailable,
  };
}

function seen(report: GpuReport, owned: OwnedProcess[], here: Circumstances): Record<OthersMetric, Reading> {
  const { atMs } = here;
  const counted = owned.filter((one) => counts(one, here.ignoreBelow));
  const doubtful = owned.filter(({ whose }) => whose === "nobody");
  const ours = owned.filter(({ whose }) => whose === "ours");
  const most = isFigure(report.memoryUsedMiB) ? report.memoryUsedMiB - known(ours) : Number.NaN;
  const memory = (proven: OwnedProcess[], perhaps: OwnedProcess[]): Reading => {
    const value = known(proven);
    const all = [...proven, ...perhaps];
    const hidden = all.find(({ memoryMiB }) => !isFigure(memoryMiB));
    if (hidden === undefined) return between(value, value + known(perhaps), atMs);
    if (Number.isFinite(most)) return between(value, Math.max(value, most), atMs);
    return told(hidden.memoryMiB, atMs);
  };
  return {
    "gpu.others.utilization": othersUse(report, { counted, doubtful, ours }, atMs),
    "gpu.others.memoryMiB": memory(counted, doubtful),
    "gpu.newcomers.memoryMiB": here.visited
      ? memory(
          counted.filter(({ younger }) => younger === true),
          [
            ...counted.filter(({ younger }) => younger === null),
            ...doubtful.filter((one) => one.younger !== false),
          ],
        )
      : { value: 0, atMs },
  };
}

interface Parties {
  counted: OwnedProcess[];
  doubtful: OwnedProcess[];
  ours: OwnedProcess[];
}

function othersUse(report: GpuReport, { counted, doubtful, ours }: Parties, atMs: number): Reading {
  const theirs = [...counted, ...doubtful];
  if (theirs.length === 0 && report.partial === undefined) return { value: 0, atMs };
  const hidden = theirs.find(({ smPercent }) => !isFigure(smPercent));
  const sum = (all: OwnedProcess[]): number =>
    Math.min(
      100,
      all.reduce((percent, { smPercent }) => percent + (isFigure(smPercent) ? smPercent : 0), 0),
    );
  const value = sum(counted);
  if (hidden === undefined && report.partial === undefined) return between(value, sum(theirs), atMs);
  const whole = report.utilization;
  if (!isFigure(whole)) return told(report.partial ?? whole, atMs);
  // Nothing of ours is on it, and it is certain whose the rest is.
  if (ours.length === 0 && counted.length > 0 && doubtful.length === 0) return { value: whole, atMs };
  const remainder = whole - sum(ours);
  return between(value, remainder >= LEAST_REMAINDER ? remainder : 0, atMs);
}

const known = (all: OwnedProcess[]): number =>
  all.reduce((sum, { memoryMiB }) => sum + (isFigure(memoryMiB) ? memoryMiB : 0), 0);

const between = (value: number, upTo: number, atMs: number): Reading =>
  upTo > value ? { value, upTo, atMs } : { value, atMs };
