/**
 * One GPU through NVML: how often each value is read, and which values are plausible. A field that the GPU
 * refuses is asked for ever more rarely, a failed one becomes a reason, a lost GPU throws.
 */
import type { GpuIdentity, GpuReport, ProcessReport, Told } from "../report.ts";
import { throttleReasons } from "./codes.ts";
import { DeviceProcesses, PROCESSES_EVERY, whyBlind } from "./device-processes.ts";
import { Instances } from "./instances.ts";
import type { Library } from "./library.ts";
import type { ProcessLists } from "./list-processes.ts";
import { Questions } from "./questions.ts";
import { type Answer, NOT_YET, Timed } from "./timed.ts";

/** In paces of the poller (usually a second). */
const TEMPERATURE_EVERY = 2;
const POWER_EVERY = 3;
const LIMIT_EVERY = 60;
/** Readings in a row before a busy GPU without a process is believed. */
const BELIEVED_AFTER = 3;

/** What holds for every GPU of this source. */
export const nvidia = (index: number): Pick<GpuIdentity, "source" | "device"> => ({
  source: "NVML",
  device: { runtime: "cuda", number: index },
});

export class Device {
  readonly uuid: string;
  readonly name: string;
  #index: number;
  #handle: bigint;
  readonly #library: Library;
  readonly #questions: Questions;
  readonly #processes: DeviceProcesses;
  #instances: Instances;
  readonly #paceMs: number;
  #readings = 0;
  #busyAlone = 0;
  readonly #utilization = new Timed<Told>(NOT_YET);
  readonly #temperature = new Timed<Told>(NOT_YET);
  readonly #power = new Timed<Told>(NOT_YET);
  readonly #limit = new Timed<Told>(NOT_YET);
  readonly #throttle = new Timed<Told>(NOT_YET);

  constructor(
    library: Library,
    lists: ProcessLists,
    device: { handle: bigint; uuid: string; index: number; name: string },
    paceMs: number,
  ) {
    this.#library = library;
    this.#questions = new Questions(library);
    this.#processes = new DeviceProcesses(library, lists, paceMs);
    this.#handle = device.handle;
    this.uuid = device.uuid;
    this.#index = device.index;
    this.name = device.name;
    this.#paceMs = paceMs;
    this.#instances = new Instances(library, device.handle);
  }

  get index(): number {
    return this.#index;
  }

  /** The same GPU under a new handle; keeps what it has learned. */
  move(handle: bigint, index: number): void {
    this.#handle = handle;
    this.#index = index;
    this.#instances = new Instances(this.#library, handle);
  }

  /** @throws DriverError when this GPU or the library is lost */
  read(nowMs: number): GpuReport {
    const pace = this.#paceMs;
    const figure = (call: string): Answer<Told> => this.#questions.figure(call, this.#handle);
    const utilization = this.#utilization.get(nowMs, 0, () => figure("nvmlDeviceGetUtilizationRates"));
    const memory = this.#questions.memory(this.#handle, nowMs);
    const used = typeof memory.usedMiB === "number" ? memory.usedMiB : 0;
    const processes = this.#processes.read(this.#handle, nowMs, used);
    const { untoldUse } = this.#processes;
    const blind = whyBlind(processes);
    const bits = this.#throttle.get(nowMs, 0, () => this.#questions.throttleBits(this.#handle));
    const milliwatts = this.#power.get(nowMs, POWER_EVERY * pace, () => figure("nvmlDeviceGetPowerUsage"));
    const limit = this.#limit.get(nowMs, LIMIT_EVERY * pace, () => figure("nvmlDeviceGetEnforcedPowerLimit"));
    const instances = this.#instances.read(nowMs, PROCESSES_EVERY * pace);
    return {
      uuid: this.uuid,
      index: this.index,
      name: this.name,
      ...nvidia(this.index),
      ...this.#believed(utilization, processes),
      memoryTotalMiB: memory.totalMiB,
      memoryFreeMiB: memory.freeMiB,
      memoryUsedMiB: memory.usedMiB,
      temperature: this.#temperature.get(nowMs, TEMPERATURE_EVERY * pace, () =>
        this.#questions.temperature(this.#handle),
      ),
      powerWatts: typeof milliwatts === "number" ? milliwatts / 1000 : milliwatts,
      powerLimitWatts: typeof limit === "number" ? limit / 1000 : limit,
      throttled: typeof bits === "number" ? Number(throttleReasons(bits).length > 0) : bits,
      ...(typeof bits === "number" && bits > 1 && { throttleReasons: throttleReasons(bits) }),
      processes,
      ...(blind !== null && { blind }),
      ...(untoldUse !== null && { untoldUse }),
      ...(instances.length > 0 && { instances }),
    };
  }

  /** Drivers have been seen to report wrong use at first, and on GPUs without a process. */
  #believed(
    utilization: Told,
    processes: ProcessReport[] | string,
  ): Pick<GpuReport, "utilization" | "suspect"> {
    this.#readings += 1;
    if (typeof utilization !== "number") return { utilization };
    if (this.#readings === 1) return { utilization: "the first reading after a start is unreliable" };
    const alone = utilization > 0 && typeof processes !== "string" && processes.length === 0;
    this.#busyAlone = alone ? this.#busyAlone + 1 : 0;
    return this.#busyAlone > 0 && this.#busyAlone < BELIEVED_AFTER
      ? { utilization, suspect: true }
      : { utilization };
  }
}
