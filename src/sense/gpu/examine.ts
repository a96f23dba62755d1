/**
 * Examines this machine's GPUs for `doctor`: what is there, what each call of the driver returns and how
 * long it takes, and the call that a driver hangs in. Takes seconds: must never run in a tick.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { elapsedMs, monotonicMs } from "../../clock.ts";
import type { Where } from "./find.ts";
import type { ReaderWatch, Report, Watching } from "./reader/reader-process.ts";
import { GpuReaders, type Read } from "./reader/readers.ts";

export interface CallSummary {
  call: string;
  /** Index of the GPU; null for a call about the driver as a whole, or about a MIG instance. */
  gpu: number | null;
  /** Number of calls by return code. */
  codes: Record<string, number>;
  medianMicros: number;
  mostMicros: number;
}

/** What one source of GPUs tells. */
export interface ExaminedSource {
  source: string;
  driver: string | null;
  /** Why the driver's pids identify no process, or null. */
  blind: string | null;
  report: Report | null;
  /** Why there is no report. */
  unavailable: string | null;
  /** Why a better source isn't used, where this one stands in for it. */
  unopened: string | null;
}

export interface Examination {
  /** NVIDIA's first. */
  sources: ExaminedSource[];
  /** The first number of GPUs that aren't NVIDIA's. */
  firstOther: number;
  /** Why there is no source, or what isn't read beside them. */
  missing: string | null;
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
  const trace = new Trace();
  const readers = new GpuReaders({
    ...where,
    task: () => ({ paceMs: PACE_MS, calls: true }),
    onCall: (call) => trace.take(call),
  });
  try {
    const reads = await follow(readers, limitMs);
    const stuck = reads.some(({ seen }) => "unavailable" in seen || isUnreadable(seen));
    return {
      sources: reads.map(({ source, watch, seen }) => ({
        source: watch.hello?.source ?? source.task.source,
        driver: watch.hello?.driver ?? null,
        blind: source.blind,
        report: "unavailable" in seen ? null : seen,
        unavailable: "unavailable" in seen ? seen.unavailable : null,
        unopened: watch.unopened,
      })),
      firstOther: readers.firstOther(reads),
      missing: readers.missing,
      calls: trace.summaries(),
      hangsIn: stuck ? trace.open : null,
    };
  } finally {
    readers.close();
  }
}

/** Looks until every source has reported often enough, or has failed with no other way to try. */
async function follow(readers: GpuReaders, limitMs: number): Promise<Read[]> {
  const began = elapsedMs();
  const reports = new Map<ReaderWatch, Set<number>>();
  const isDone = ({ watch, seen }: Read): boolean => {
    const seenAt = reports.get(watch) ?? new Set();
    reports.set(watch, seenAt);
    if (watch.problem !== null) return watch.waits || "gpus" in seen;
    if ("gpus" in seen) seenAt.add(seen.atMs);
    return seenAt.size >= (watch.hello?.source === "kernel" ? 2 : REPORTS);
  };
  for (;;) {
    const reads = readers.look(monotonicMs());
    if (reads.map(isDone).every(Boolean) || elapsedMs() - began > limitMs) return reads;
    await sleep(LOOK_MS);
  }
}

const isUnreadable = ({ gpus }: Report): boolean =>
  gpus.length > 0 && gpus.every(({ memoryUsedMiB, temperature }) => memoryUsedMiB === temperature);

/** The calls of a driver, by GPU. */
class Trace {
  /** The call that hasn't returned. */
  open: string | null = null;
  readonly #calls = new Map<string, Kept>();
  /** Handles, in the order in which GPUs were first named. */
  readonly #devices: number[] = [];
  #last = "";

  take(call: Parameters<NonNullable<Watching["onCall"]>>[0]): void {
    this.open = call.code === null ? call.name : null;
    const { gpu, code } = call;
    // An instance is asked for its UUID, too, just after its handle.
    const isGpu = call.name === "nvmlDeviceGetUUID" && this.#last !== "nvmlDeviceGetMigDeviceHandleByIndex";
    if (gpu !== null && isGpu && code === null && !this.#devices.includes(gpu)) this.#devices.push(gpu);
    if (code !== null) this.#last = call.name;
    if (code !== null) keep(this.#calls, this.#devices.indexOf(gpu ?? Number.NaN), { ...call, code });
  }

  summaries(): CallSummary[] {
    return [...this.#calls.values()].map(summary);
  }
}

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
