/**
 * Examines this machine's GPUs for `doctor`: what is there, what each call of the driver returns and how
 * long it takes, and the call that a driver hangs in. Takes seconds: must never run in a tick.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { elapsedMs, monotonicMs } from "../../clock.ts";
import { findGpus, type Where } from "./find.ts";
import { ReaderWatch, type Report, type Watching } from "./reader-process.ts";

export interface CallSummary {
  call: string;
  /** Index of the GPU; null for a call about the driver as a whole, or about a MIG instance. */
  gpu: number | null;
  /** Number of calls by return code. */
  codes: Record<string, number>;
  medianMicros: number;
  mostMicros: number;
}

export interface Examination {
  source: string | null;
  driver: string | null;
  /** Why the driver's pids identify no process, or null. */
  blind: string | null;
  report: Report | null;
  /** Why there is no report. */
  unavailable: string | null;
  calls: CallSummary[];
  hangsIn: string | null;
}

const PACE_MS = 500;
/** Enough reports to include what is read less often. */
const REPORTS = 5;
const LOOK_MS = 50;

interface Kept {
  gpu: number | null;
  call: string;
  codes: Map<number, number>;
  micros: number[];
}

/** @param limitMs time limit in all; a hanging driver takes about 4 s */
export async function examineGpus(where: Where = {}, limitMs = 30_000): Promise<Examination> {
  const found = findGpus(where);
  const none = { source: null, driver: null, blind: null, report: null, calls: [], hangsIn: null };
  if (found.task === null) return { ...none, unavailable: found.reason };
  const calls = new Map<string, Kept>();
  const devices: number[] = [];
  let open = null as string | null;
  const onCall: NonNullable<Watching["onCall"]> = (call) => {
    open = call.code === null ? call.name : null;
    if (call.gpu !== null && call.name === "nvmlDeviceGetUUID" && watch.hello === null)
      if (!devices.includes(call.gpu)) devices.push(call.gpu);
    if (call.code !== null)
      keep(calls, devices.indexOf(call.gpu ?? Number.NaN), { ...call, code: call.code });
  };
  const watch: ReaderWatch = new ReaderWatch({ ...found.task, paceMs: PACE_MS, calls: true }, { onCall });
  try {
    const seen = await follow(watch, limitMs);
    const hung = "unavailable" in seen || isUnreadable(seen) ? open : null;
    return {
      source: watch.hello?.source ?? found.task.source,
      driver: watch.hello?.driver ?? null,
      blind: found.blind,
      report: "unavailable" in seen ? null : seen,
      unavailable: "unavailable" in seen ? seen.unavailable : null,
      calls: [...calls.values()].map(summary),
      hangsIn: hung,
    };
  } finally {
    watch.close();
  }
}

async function follow(watch: ReaderWatch, limitMs: number): Promise<Report | { unavailable: string }> {
  const began = elapsedMs();
  const reports = new Set<number>();
  for (;;) {
    const seen = watch.look(monotonicMs());
    if (!("unavailable" in seen)) reports.add(seen.atMs);
    else if (watch.problem !== null && watch.pid === null) return seen;
    if (reports.size >= REPORTS || elapsedMs() - began > limitMs) return seen;
    if (!("unavailable" in seen) && watch.problem !== null) return seen;
    await sleep(LOOK_MS);
  }
}

const isUnreadable = ({ gpus }: Report): boolean =>
  gpus.length > 0 && gpus.every(({ memoryUsedMiB, temperature }) => memoryUsedMiB === temperature);

function keep(
  calls: Map<string, Kept>,
  gpu: number,
  { name, code, micros }: { name: string; code: number; micros: number },
): void {
  const key = `${gpu} ${name}`;
  const kept: Kept = calls.get(key) ?? {
    gpu: gpu < 0 ? null : gpu,
    call: name,
    codes: new Map(),
    micros: [],
  };
  kept.codes.set(code, (kept.codes.get(code) ?? 0) + 1);
  kept.micros.push(micros);
  calls.set(key, kept);
}

function summary({ gpu, call, codes, micros }: Kept): CallSummary {
  const sorted = [...micros].sort((a, b) => a - b);
  const round = (value: number | undefined): number => Math.round((value ?? 0) * 10) / 10;
  return {
    call,
    gpu,
    codes: Object.fromEntries(codes),
    medianMicros: round(sorted[Math.floor(sorted.length / 2)]),
    mostMicros: round(sorted.at(-1)),
  };
}
