/**
 * A GPU's report and the owners of its processes → readings. Pure. Others' use is what their own processes
 * are seen to use; what may be theirs is doubt (`upTo`); where attribution is impossible, the reading is
 * unavailable. Total minus ours proves nothing, and below 30 % it isn't even doubt.
 */
import type { GpuMetric, Reading } from "../../model/machine.ts";
import type { GpuReport, ProcessReport, Told } from "./report.ts";

/** A process of the report, and which party's it is. */
export interface OwnedProcess extends ProcessReport {
  party: "ours" | "others" | "ignored" | "nobody";
  /** Started after our run on this GPU; null where its start is unknown. */
  younger: boolean | null;
}

export interface Circumstances {
  atMs: number;
  /** A live run of ours is, or may be, on this GPU. */
  oursHere: boolean;
  /** Why the driver's pids identify no process; null when they do. */
  blind: string | null;
  /** Percentage from which an ignored program counts as others. */
  ignoreBelow: number;
  /** A run of ours has been on this GPU: before that, no process is a newcomer. */
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
  return {
    "gpu.utilization": utilization(report, here),
    "gpu.memory.freeMiB": told(report.memoryFreeMiB, atMs),
    "gpu.temperature": told(report.temperature, atMs),
    "gpu.power": told(report.powerWatts, atMs),
    "gpu.throttled": told(report.throttled, atMs),
    ...othersReadings(report, owned, here),
  };
}

export const told = (figure: Told, atMs: number): Reading =>
  isFigure(figure)
    ? { value: figure, atMs }
    : { unavailable: typeof figure === "string" ? figure : "the driver reports an impossible value" };

const isFigure = (told: Told): told is number =>
  typeof told === "number" && Number.isFinite(told) && told >= 0;

function utilization({ utilization: figure, suspect }: GpuReport, { atMs, blind }: Circumstances): Reading {
  const reading = told(figure, atMs);
  if (!("value" in reading) || !suspect || blind !== null) return reading;
  return { value: 0, upTo: reading.value, atMs };
}

/** Whether a process counts as others': an ignored one (a desktop program) only while it computes in earnest. */
export const counts = ({ party, smPercent }: OwnedProcess, ignoreBelow: number): boolean =>
  party === "others" || (party === "ignored" && isFigure(smPercent) && smPercent >= ignoreBelow);

function othersReadings(
  report: GpuReport,
  owned: OwnedProcess[],
  here: Circumstances,
): Record<OthersMetric, Reading> {
  const { atMs, oursHere } = here;
  const blind = here.blind ?? (typeof report.processes === "string" ? report.processes : null);
  if (blind === null) return attributed(report, owned, here);
  const unavailable: Reading = { unavailable: blind };
  if (oursHere) {
    return {
      "gpu.others.utilization": unavailable,
      "gpu.others.memoryMiB": unavailable,
      "gpu.newcomers.memoryMiB": unavailable,
    };
  }
  // With nothing of ours on it, all use is others'.
  return {
    "gpu.others.utilization": told(report.utilization, atMs),
    "gpu.others.memoryMiB": told(report.memoryUsedMiB, atMs),
    "gpu.newcomers.memoryMiB": unavailable,
  };
}

function attributed(
  report: GpuReport,
  owned: OwnedProcess[],
  here: Circumstances,
): Record<OthersMetric, Reading> {
  const { atMs } = here;
  const counted = owned.filter((one) => counts(one, here.ignoreBelow));
  const doubtful = owned.filter(({ party }) => party === "nobody");
  const ours = owned.filter(({ party }) => party === "ours");
  const most = isFigure(report.memoryUsedMiB) ? report.memoryUsedMiB - known(ours) : Number.NaN;
  const memory = (proven: OwnedProcess[], perhaps: OwnedProcess[]): Reading => {
    const value = known(proven);
    const all = [...proven, ...perhaps];
    const hidden = all.find(({ memoryMiB }) => !isFigure(memoryMiB));
    if (hidden === undefined) return between(value, value + known(perhaps), atMs);
    if (Number.isFinite(most)) return between(value, Math.max(value, most), atMs);
    // How much more nobody can tell; it must not hide what is told.
    return { value, atMs };
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
  const { unlisted, utilization: whole } = report;
  // The whole bounds it.
  const untoldUse = isFigure(whole) ? undefined : report.untoldUse;
  const isWhole = unlisted === undefined && untoldUse === undefined;
  if (theirs.length === 0 && isWhole) return { value: 0, atMs };
  const hidden = theirs.find(({ smPercent }) => !isFigure(smPercent));
  const sum = (all: OwnedProcess[]): number =>
    Math.min(
      100,
      all.reduce((percent, { smPercent }) => percent + (isFigure(smPercent) ? smPercent : 0), 0),
    );
  const value = sum(counted);
  if (hidden === undefined && isWhole) return between(value, sum(theirs), atMs);
  if (!isFigure(whole)) {
    const some = theirs.some(({ smPercent }) => isFigure(smPercent));
    if (report.atLeast && unlisted !== undefined && (hidden === undefined || some))
      return { ...between(value, sum(theirs), atMs), estimated: seenAlone(unlisted) };
    if (isWhole && some) return between(value, 100, atMs);
    return told(untoldUse ?? hidden?.smPercent ?? unlisted ?? whole, atMs);
  }
  // Nothing of ours is on it, and every other process has a known owner.
  if (ours.length === 0 && counted.length > 0 && doubtful.length === 0) return { value: whole, atMs };
  const remainder = whole - sum(ours);
  return between(value, remainder >= LEAST_REMAINDER ? remainder : 0, atMs);
}

const seenAlone = (unlisted: string): string =>
  `${unlisted}, and the GPU doesn't report its use as a whole, so only the use of processes that can be seen counts`;

const known = (all: OwnedProcess[]): number =>
  all.reduce((sum, { memoryMiB }) => sum + (isFigure(memoryMiB) ? memoryMiB : 0), 0);

const between = (value: number, upTo: number, atMs: number): Reading =>
  upTo > value ? { value, upTo, atMs } : { value, atMs };
