/**
 * Systems other than Linux, through systeminformation: read in the background, stamped with the time of
 * the reading. Not yet tested on such systems. Nothing here tells ours from others', so `cpu.others` stays
 * unavailable and rules on it never pause a job.
 */
import { monotonicMs } from "../../clock.ts";
import {
  MACHINE_METRICS,
  type MachineMetric,
  type Reading,
  type RunUse,
  type Sample,
} from "../../model/machine.ts";
import type { Now } from "../../model/time.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import type { Sensors } from "../../ports/sensors.ts";
import { type GpuSource, noGpus } from "../gpu/source.ts";
import { watchDisk } from "./background.ts";

const MIB = 1024 * 1024;
/** Interval between readings, in ms: systeminformation starts programs for them. */
const EVERY_MS = 5000;

export function createOtherSystemSensors(options: { diskPath: string; gpu?: GpuSource }): Sensors {
  const gpu = options.gpu ?? noGpus();
  const disk = watchDisk(options.diskPath);
  const system = watchSystem();
  const notHere: Reading = { unavailable: `not measured on ${process.platform}` };
  return {
    sample(runs: LiveRun[], now: Now): Sample {
      const last = system(now.monotonicMs);
      const machine = Object.fromEntries(MACHINE_METRICS.map((metric) => [metric, last[metric] ?? notHere]));
      const { gpus, unavailable } = gpu.read(now, runs);
      const use: RunUse = { cpuPercent: notHere, memoryMiB: notHere, processes: 0 };
      return {
        at: now,
        machine: { ...(machine as Sample["machine"]), "disk.freeMiB": disk(now.monotonicMs) },
        gpus,
        gpusUnavailable: unavailable,
        runs: Object.fromEntries(runs.map(({ id }) => [id, use])),
        foreign: [],
      };
    },
    guard() {},
    close: () => gpu.close(),
  };
}

type SystemReadings = Partial<Record<MachineMetric, Reading>>;

/** A function that returns the last readings and starts the next when they are due. */
function watchSystem(): (nowMs: number) => SystemReadings {
  let last: SystemReadings = {};
  let nextMs = Number.NEGATIVE_INFINITY;
  let busy = false;
  return (nowMs) => {
    if (!busy && nowMs >= nextMs) {
      busy = true;
      nextMs = nowMs + EVERY_MS;
      readSystem()
        .catch((problem: Error): SystemReadings => ({ "cpu.total": { unavailable: problem.message } }))
        .then((readings) => {
          last = readings;
          busy = false;
        });
    }
    return last;
  };
}

async function readSystem(): Promise<SystemReadings> {
  const { default: si } = await import("systeminformation");
  const [load, memory, battery] = await Promise.all([si.currentLoad(), si.mem(), si.battery()]);
  const atMs = monotonicMs();
  const read = (value: number, reason: string): Reading =>
    Number.isFinite(value) ? { value, atMs } : { unavailable: reason };
  const unreadable = "the system doesn't report it";
  return {
    "cpu.total": read(load.currentLoad, unreadable),
    "memory.availableMiB": read(memory.available / MIB, unreadable),
    "memory.availablePercent": read((100 * memory.available) / memory.total, unreadable),
    "swap.usedMiB": read(memory.swapused / MIB, unreadable),
    "battery.percent": battery.hasBattery
      ? read(battery.percent, unreadable)
      : { unavailable: "this machine has no readable battery" },
  };
}

export interface MachineDescription {
  processor: string;
  /** Logical processors. */
  cores: number;
  memoryMiB: number;
  system: string;
  kernel: string;
}

/** Describes this machine for people. May take a second and start programs: for commands, never in a tick. */
export async function describeMachine(): Promise<MachineDescription> {
  const { default: si } = await import("systeminformation");
  const [cpu, memory, os] = await Promise.all([si.cpu(), si.mem(), si.osInfo()]);
  return {
    processor: `${cpu.manufacturer} ${cpu.brand}`.trim(),
    cores: cpu.cores,
    memoryMiB: Math.round(memory.total / MIB),
    system: `${os.distro} ${os.release}`.trim(),
    kernel: os.kernel,
  };
}
