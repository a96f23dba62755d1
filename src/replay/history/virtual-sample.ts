/**
 * The sample that a replayed supervisor is shown: what was recorded, with the use of the jobs that ran then
 * taken away and that of the jobs that run now put in. Where both are the same it is as recorded, to the
 * digit. What others used never changes: nobody knows what they would have done.
 */
import type { GpuMetric, GpuProcess, GpuSample, Reading, RunUse, Sample } from "../../model/machine.ts";
import type { Run } from "../../model/run.ts";
import type { Now } from "../../model/time.ts";
import { type Footprints, jobsOn, told } from "../models/footprints.ts";

/** One of our runs in the replay. `since`: when it began, in ticks since the recorded boot. */
export interface Ours {
  job: string;
  run: Run;
  active: boolean;
  command: string;
  since: number | null;
}

export interface Past {
  sample: Sample;
  /** Whose a recorded run is; null: a run that no table names. */
  jobOf: (run: string) => string | null;
  footprints: Footprints;
}

export function virtualSample(past: Past, ours: readonly Ours[], now: Now): Sample {
  const { sample } = past;
  const late = now.monotonicMs - sample.at.monotonicMs;
  const at = (reading: Reading): Reading =>
    "unavailable" in reading || late === 0 ? reading : { ...reading, atMs: reading.atMs + late };
  const { runs, cpu, memory } = swapRuns(past, ours, now);
  return {
    ...sample,
    at: now,
    machine: shifted(late === 0 ? sample.machine : each(sample.machine, at), cpu, memory),
    gpus: sample.gpus.map((gpu) => swapGpu(gpu, past, ours, at)),
    runs,
  };
}

const each = <Name extends string>(all: Record<Name, Reading>, make: (one: Reading) => Reading) => {
  const made = {} as Record<Name, Reading>;
  for (const name in all) made[name] = make(all[name]);
  return made;
};

/** Each job's use, and by how much the totals differ from what was recorded. */
function swapRuns({ sample, jobOf, footprints }: Past, ours: readonly Ours[], now: Now) {
  const past = new Map<string, RunUse>();
  let [cpu, memory] = [0, 0];
  for (const [id, use] of Object.entries(sample.runs)) {
    const job = jobOf(id);
    if (job === null) continue;
    past.set(job, use);
    if (ours.some((one) => one.job === job)) continue;
    cpu -= told(use.cpuPercent) ?? 0;
    memory -= told(use.memoryMiB) ?? 0;
  }
  const runs: Sample["runs"] = {};
  for (const { job, run, active } of ours) {
    const then = past.get(job);
    const known = footprints.of(job);
    const idle = !active && then !== undefined ? (told(then.cpuPercent) ?? 0) : 0;
    cpu -= idle;
    if (then !== undefined && active) {
      runs[run.id] = then;
      continue;
    }
    if (then === undefined) {
      if (active) cpu += known.cpuPercent ?? 0;
      memory += known.memoryMiB ?? 0;
    }
    const cpuPercent = active ? known.cpuPercent : 0;
    runs[run.id] = {
      cpuPercent: readingOf(cpuPercent, now),
      memoryMiB: then?.memoryMiB ?? readingOf(known.memoryMiB, now),
      processes: 1,
    };
  }
  return { runs, cpu, memory };
}

const readingOf = (value: number | null, now: Now): Reading =>
  value === null ? { unavailable: "it was never seen at work" } : { value, atMs: now.monotonicMs };

function shifted(machine: Sample["machine"], cpu: number, memory: number): Sample["machine"] {
  if (cpu === 0 && memory === 0) return machine;
  const free = told(machine["memory.availableMiB"]);
  const percent = told(machine["memory.availablePercent"]);
  const byPercent = free === null || percent === null || free <= 0 ? 0 : (memory * percent) / free;
  return {
    ...machine,
    "cpu.total": plus(machine["cpu.total"], cpu, 100),
    "memory.availableMiB": plus(machine["memory.availableMiB"], -memory),
    "memory.availablePercent": plus(machine["memory.availablePercent"], -byPercent, 100),
  };
}

function plus(reading: Reading, by: number, most = Number.POSITIVE_INFINITY): Reading {
  if ("unavailable" in reading || by === 0) return reading;
  const bounded = (value: number): number => Math.min(most, Math.max(0, value + by));
  const { value, upTo, ...rest } = reading;
  return { ...rest, value: bounded(value), ...(upTo !== undefined && { upTo: bounded(upTo) }) };
}

function swapGpu(
  gpu: GpuSample,
  { jobOf, footprints }: Past,
  ours: readonly Ours[],
  at: (reading: Reading) => Reading,
): GpuSample {
  const then = jobsOn(gpu, jobOf);
  const here = ours.filter(({ run }) => run.gpus.includes(gpu.uuid));
  let [percent, memory, watts] = [0, 0, 0];
  for (const job of then) {
    const now = here.find((one) => one.job === job);
    if (now?.active) continue;
    percent -= footprints.of(job).gpu.percent ?? 0;
    watts -= footprints.of(job).gpu.watts ?? 0;
    if (now === undefined) memory -= heldBy(gpu, job, jobOf);
  }
  for (const { job, active } of here) {
    if (then.has(job)) continue;
    const use = footprints.of(job).gpu;
    memory += use.memoryMiB ?? 0;
    if (active) percent += use.percent ?? 0;
    if (active) watts += use.watts ?? 0;
  }
  const processes = swapProcesses(gpu, here, { jobOf, footprints });
  const metrics = each<GpuMetric>(gpu.metrics, at);
  metrics["gpu.utilization"] = plus(metrics["gpu.utilization"], percent, 100);
  metrics["gpu.memory.freeMiB"] = plus(metrics["gpu.memory.freeMiB"], -memory);
  metrics["gpu.power"] = plus(metrics["gpu.power"], watts);
  metrics["gpu.newcomers.memoryMiB"] = newcomers(metrics["gpu.newcomers.memoryMiB"], processes, here);
  return {
    ...gpu,
    memoryTotalMiB: at(gpu.memoryTotalMiB),
    memoryUsedMiB: plus(at(gpu.memoryUsedMiB), memory),
    powerLimitWatts: at(gpu.powerLimitWatts),
    metrics,
    processes,
  };
}

const heldBy = (gpu: GpuSample, job: string, jobOf: Past["jobOf"]): number =>
  gpu.processes.reduce(
    (sum, { ours, gpuMemoryMiB = 0 }) => sum + (ours !== null && jobOf(ours) === job ? gpuMemoryMiB : 0),
    0,
  );

function swapProcesses(
  gpu: GpuSample,
  here: readonly Ours[],
  { jobOf, footprints }: Pick<Past, "jobOf" | "footprints">,
): GpuProcess[] {
  const listed: GpuProcess[] = [];
  const seen = new Set<string>();
  for (const one of gpu.processes) {
    const job = one.ours === null ? null : jobOf(one.ours);
    const now = here.find((mine) => mine.job === job);
    if (one.ours !== null && now === undefined) continue;
    if (now !== undefined) seen.add(now.job);
    listed.push(now === undefined ? one : { ...one, ours: now.run.id });
  }
  for (const { job, run, command, since } of here) {
    if (seen.has(job) || run.pid === null) continue;
    const { memoryMiB } = footprints.of(job).gpu;
    listed.push({
      pid: run.pid,
      startTime: since,
      user: "",
      command,
      ours: run.id,
      ...(memoryMiB !== null && { gpuMemoryMiB: memoryMiB }),
    });
  }
  return listed;
}

/** Counted anew where others' processes are known by their start; a run begins at another time than it did. */
function newcomers(recorded: Reading, processes: readonly GpuProcess[], here: readonly Ours[]): Reading {
  const [mine] = here;
  if (mine?.since == null || "unavailable" in recorded) return recorded;
  const { since } = mine;
  const counted = processes.filter(
    ({ ours, counts, claimed }) => ours === null && counts !== false && !claimed,
  );
  if (counted.some(({ startTime, gpuMemoryMiB }) => startTime === null || gpuMemoryMiB === undefined))
    return recorded;
  const value = counted.reduce(
    (sum, { startTime, gpuMemoryMiB = 0 }) => sum + ((startTime ?? 0) > since ? gpuMemoryMiB : 0),
    0,
  );
  return { value, atMs: recorded.atMs };
}
