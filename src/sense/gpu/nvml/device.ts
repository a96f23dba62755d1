/**
 * One GPU through NVML: what is asked how often, and what its answers are worth. A field that the
 * GPU doesn't have is asked once; a failed one is a reason; a lost GPU is an exception of its own.
 */
import { existsSync } from "node:fs";
import type { GpuReport, ProcessReport, Told } from "../report.ts";
import { throttleReasons } from "./codes.ts";
import { Instances } from "./instances.ts";
import type { Library } from "./library.ts";
import { mergeLists, type ProcessLists } from "./list-processes.ts";
import { ProcessUse } from "./process-use.ts";
import { failed, type MemoryTold, Questions } from "./questions.ts";
import { type Answer, Timed } from "./timed.ts";

/** In paces of the poller (usually a second). */
const PROCESSES_EVERY = 2;
const TEMPERATURE_EVERY = 2;
const POWER_EVERY = 3;
const LIMIT_EVERY = 60;
const GRAPHICS_EVERY = 10;
/** Memory that changes by so much hints at a process that isn't listed yet. */
const HINT_MIB = 64;
/** So often in a row a busy GPU without a process must be seen before it is believed. */
const BELIEVED_AFTER = 3;
const NOT_YET = "it hasn't been read yet";
const HIDDEN_MEMORY = "the driver doesn't tell the memory of single processes here (WDDM)";

type Listed = ReturnType<ProcessLists["ask"]>;

export class Device {
  readonly uuid: string;
  readonly name: string;
  #index: number;
  #handle: bigint;
  readonly #library: Library;
  readonly #lists: ProcessLists;
  readonly #questions: Questions;
  readonly #use: ProcessUse;
  #instances: Instances;
  readonly #paceMs: number;
  #readings = 0;
  #busyAlone = 0;
  #listedAtMiB = 0;
  readonly #utilization = new Timed<Told>(NOT_YET);
  readonly #temperature = new Timed<Told>(NOT_YET);
  readonly #power = new Timed<Told>(NOT_YET);
  readonly #limit = new Timed<Told>(NOT_YET);
  readonly #throttle = new Timed<Told>(NOT_YET);
  readonly #processes = new Timed<ProcessReport[] | string>(NOT_YET);
  readonly #graphics = new Timed<Listed>([]);

  constructor(
    library: Library,
    lists: ProcessLists,
    device: { handle: bigint; uuid: string; index: number; name: string },
    paceMs: number,
  ) {
    this.#library = library;
    this.#lists = lists;
    this.#questions = new Questions(library);
    this.#use = new ProcessUse(library);
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

  /** The same GPU under a new handle: what was learned of it stays. */
  move(handle: bigint, index: number): void {
    this.#handle = handle;
    this.#index = index;
    this.#instances = new Instances(this.#library, handle);
  }

  /** @throws DriverError when this GPU or the library is over */
  read(nowMs: number): GpuReport {
    const pace = this.#paceMs;
    const figure = (call: string): Answer<Told> => this.#questions.figure(call, this.#handle);
    const utilization = this.#utilization.get(nowMs, 0, () => figure("nvmlDeviceGetUtilizationRates"));
    const memory = this.#questions.memory(this.#handle);
    const processes = this.#processesOf(nowMs, memory);
    const bits = this.#throttle.get(nowMs, 0, () => this.#questions.throttleBits(this.#handle));
    const milliwatts = this.#power.get(nowMs, POWER_EVERY * pace, () => figure("nvmlDeviceGetPowerUsage"));
    const limit = this.#limit.get(nowMs, LIMIT_EVERY * pace, () => figure("nvmlDeviceGetEnforcedPowerLimit"));
    const instances = this.#instances.read(nowMs, PROCESSES_EVERY * pace);
    return {
      uuid: this.uuid,
      index: this.index,
      name: this.name,
      ...this.#believed(utilization, processes),
      memoryTotalMiB: memory.totalMiB ?? memory.reason,
      memoryUsedMiB: memory.usedMiB ?? memory.reason,
      temperature: this.#temperature.get(nowMs, TEMPERATURE_EVERY * pace, () =>
        this.#questions.temperature(this.#handle),
      ),
      powerWatts: typeof milliwatts === "number" ? milliwatts / 1000 : milliwatts,
      powerLimitWatts: typeof limit === "number" ? limit / 1000 : limit,
      throttled: typeof bits === "number" ? Number(throttleReasons(bits).length > 0) : bits,
      ...(typeof bits === "number" && bits > 1 && { throttleReasons: throttleReasons(bits) }),
      processes,
      ...(instances.length > 0 && { instances }),
    };
  }

  /** The first reading after a start, and use by nobody, have been seen to be wrong. */
  #believed(
    utilization: Told,
    processes: ProcessReport[] | string,
  ): Pick<GpuReport, "utilization" | "suspect"> {
    this.#readings += 1;
    if (typeof utilization !== "number") return { utilization };
    if (utilization > 100) return { utilization: `the driver tells a senseless ${utilization} %` };
    if (this.#readings === 1) return { utilization: "the first reading after a start doesn't count" };
    const alone = utilization > 0 && typeof processes !== "string" && processes.length === 0;
    this.#busyAlone = alone ? this.#busyAlone + 1 : 0;
    return this.#busyAlone > 0 && this.#busyAlone < BELIEVED_AFTER
      ? { utilization, suspect: true }
      : { utilization };
  }

  #processesOf(nowMs: number, { usedMiB }: MemoryTold): ProcessReport[] | string {
    if (Math.abs((usedMiB ?? 0) - this.#listedAtMiB) >= HINT_MIB) {
      this.#listedAtMiB = usedMiB ?? 0;
      this.#graphics.hurry();
      this.#processes.hurry();
    }
    const wasNew = this.#use.isNew;
    const found = this.#processes.get(nowMs, PROCESSES_EVERY * this.#paceMs, () =>
      this.#listProcesses(nowMs),
    );
    if (wasNew) this.#processes.hurry();
    return found;
  }

  #listProcesses(nowMs: number): Answer<ProcessReport[] | string> {
    const compute = this.#lists.ask(this.#handle, "Compute");
    if (typeof compute === "number") return failed(compute);
    const mps = this.#lists.ask(this.#handle, "MPSCompute");
    const merge = (): ReturnType<typeof mergeLists> => mergeLists(compute, mps, this.#askGraphics(nowMs));
    let listed = merge();
    const use = this.#use.read(this.#handle, nowMs, (sampled) => {
      const isMissing = (pid: number): boolean =>
        typeof listed !== "string" && !listed.has(pid) && existsSync(`/proc/${pid}`);
      if (sampled.some(isMissing)) {
        this.#graphics.hurry();
        listed = merge();
      }
      return new Set(typeof listed === "string" ? [] : listed.keys());
    });
    if (typeof listed === "string") return { value: listed, permanent: false };
    const value = [...listed].map(([pid, memoryMiB]) => ({
      pid,
      memoryMiB: memoryMiB ?? HIDDEN_MEMORY,
      smPercent: typeof use === "string" ? use : (use.get(pid) ?? 0),
    }));
    return { value, permanent: false };
  }

  #askGraphics(nowMs: number): Listed {
    return this.#graphics.get(nowMs, GRAPHICS_EVERY * this.#paceMs, () => ({
      value: this.#lists.ask(this.#handle, "Graphics"),
      permanent: false,
    }));
  }
}
