/**
 * Converts a sample to a compact row and back: readings are arrays in the order of the model's names,
 * which are stored once (`sample_shapes`). Keeps everything that the policy reads, so that decisions can
 * be replayed under another config; long command lines are cut.
 */
import {
  GPU_METRICS,
  type GpuSample,
  MACHINE_METRICS,
  type ProcessEvidence,
  type Reading,
  type Sample,
} from "../model/machine.ts";

const LONGEST_COMMAND = 200;

export interface Shape {
  machine: string[];
  gpu: string[];
}

export const SHAPE: Shape = { machine: [...MACHINE_METRICS], gpu: [...GPU_METRICS] };

/** A value taken at the sample's own time is a bare number; a reason is a string. */
type Packed = number | string | [value: number, upTo: number | null, ageMs: number];

type Place = Pick<GpuSample, "source" | "integrated" | "device" | "barred">;

interface PackedGpu {
  id: [uuid: string, index: number, name: string];
  memory: [total: Packed, used: Packed, powerLimit: Packed];
  /** Absent in rows of older versions. */
  place?: Place;
  metrics: Packed[];
  processes: GpuSample["processes"];
}

interface Data {
  /** Monotonic. */
  t: number;
  machine: Packed[];
  runs?: Record<string, [cpuPercent: Packed, memoryMiB: Packed, processes: number]>;
  gpus?: PackedGpu[];
  noGpus?: string;
  foreign?: ProcessEvidence[];
}

/** JSON for `samples.data`. */
export function packSample(sample: Sample): string {
  const t = sample.at.monotonicMs;
  const pack = (reading: Reading): Packed => packReading(reading, t);
  const runs = Object.entries(sample.runs);
  const data: Data = { t: round(t), machine: MACHINE_METRICS.map((name) => pack(sample.machine[name])) };
  if (runs.length > 0) {
    data.runs = {};
    for (const [id, use] of runs) data.runs[id] = [pack(use.cpuPercent), pack(use.memoryMiB), use.processes];
  }
  if (sample.gpus.length > 0) {
    data.gpus = sample.gpus.map((gpu) => ({
      id: [gpu.uuid, gpu.index, gpu.name],
      memory: [pack(gpu.memoryTotalMiB), pack(gpu.memoryUsedMiB), pack(gpu.powerLimitWatts)],
      place: placeOf(gpu),
      metrics: GPU_METRICS.map((name) => pack(gpu.metrics[name])),
      processes: gpu.processes.map(cut),
    }));
  }
  if (sample.gpusUnavailable !== null) data.noGpus = sample.gpusUnavailable;
  if (sample.foreign.length > 0) data.foreign = sample.foreign.map(cut);
  return JSON.stringify(data);
}

export type Unpacker = (row: { at_ms: number; data: string }) => Sample;

/** Makes samples of rows of one shape, to 0.001 of each value. Readings missing from it are unavailable. */
export function unpackerOf(shape: Shape): Unpacker {
  const machineOf = naming(MACHINE_METRICS, shape.machine);
  const metricsOf = naming(GPU_METRICS, shape.gpu);
  return (row) => {
    const data = JSON.parse(row.data) as Data;
    const unpack = (packed: Packed | undefined): Reading => unpackReading(packed, data.t);
    return {
      at: { wallMs: row.at_ms, monotonicMs: data.t },
      machine: machineOf(data.machine, data.t),
      gpus: (data.gpus ?? []).map(({ id: [uuid, index, name], memory, place, metrics, processes }) => ({
        uuid,
        index,
        name,
        ...(place ?? anyPlace(uuid, index)),
        memoryTotalMiB: unpack(memory[0]),
        memoryUsedMiB: unpack(memory[1]),
        powerLimitWatts: unpack(memory[2]),
        metrics: metricsOf(metrics, data.t),
        processes,
      })),
      gpusUnavailable: data.noGpus ?? null,
      runs: runsOf(data, unpack),
      foreign: data.foreign ?? [],
    };
  };
}

function runsOf({ runs = {} }: Data, unpack: (packed: Packed | undefined) => Reading): Sample["runs"] {
  return Object.fromEntries(
    Object.entries(runs).map(([id, [cpu, memory, processes]]) => [
      id,
      { cpuPercent: unpack(cpu), memoryMiB: unpack(memory), processes },
    ]),
  );
}

/** Where each name is stored is looked up once, not for each of a month's samples. */
function naming<Name extends string>(names: readonly Name[], stored: readonly string[]) {
  const places = names.map((name) => [name, stored.indexOf(name)] as const);
  return (values: readonly Packed[], t: number): Record<Name, Reading> => {
    const named = {} as Record<Name, Reading>;
    for (const [name, at] of places) named[name] = unpackReading(values[at], t);
    return named;
  };
}

const placeOf = ({ source, integrated, device, barred }: GpuSample): Place => ({
  ...(source !== undefined && { source }),
  ...(integrated && { integrated }),
  ...(device && { device }),
  ...(barred !== undefined && { barred }),
});

/** For older versions every GPU was a place. */
const anyPlace = (uuid: string, number: number): Place => ({
  device: {
    runtime: uuid.startsWith("AMD-") ? "rocm" : uuid.startsWith("Intel-") ? "level-zero" : "cuda",
    number,
  },
});

function packReading(reading: Reading, t: number): Packed {
  if ("unavailable" in reading) return reading.unavailable;
  // JSON would turn it into null.
  if (!Number.isFinite(reading.value)) return "not a number";
  const ageMs = round(t - reading.atMs);
  const value = round(reading.value);
  if (reading.upTo === undefined && ageMs === 0) return value;
  return [value, reading.upTo === undefined ? null : round(reading.upTo), ageMs];
}

function unpackReading(packed: Packed | undefined, t: number): Reading {
  if (packed === undefined) return { unavailable: "not recorded" };
  if (typeof packed === "string") return { unavailable: packed };
  if (typeof packed === "number") return { value: packed, atMs: t };
  const [value, upTo, ageMs] = packed;
  return upTo === null ? { value, atMs: t - ageMs } : { value, upTo, atMs: t - ageMs };
}

const round = (value: number): number => Math.round(value * 1000) / 1000;

const cut = <P extends ProcessEvidence>(process: P): P =>
  process.command.length <= LONGEST_COMMAND
    ? process
    : { ...process, command: `${process.command.slice(0, LONGEST_COMMAND - 1)}…` };
