/**
 * One GPU through NVML: what is asked, how often, and what its answers are worth. A field that the
 * GPU doesn't have is asked once; a failed one is a reason; a lost GPU is an exception of its own.
 */
import { existsSync } from "node:fs";
import type { GpuReport, ProcessReport, Told } from "../report.ts";
import {
  GPU_IS_LOST,
  INSUFFICIENT_SIZE,
  isFatal,
  isPermanent,
  NOT_FOUND,
  OK,
  throttleReasons,
  words,
} from "./codes.ts";
import { Instances } from "./instances.ts";
import {
  MEMORY_V1_BYTES,
  MEMORY_V2_BYTES,
  MEMORY_V2_VERSION,
  memoryV1,
  memoryV2,
  SAMPLE_BYTES,
  TEMPERATURE_VERSION,
  utilizationSamples,
} from "./layout.ts";
import type { Library } from "./library.ts";
import { mergeLists, type ProcessLists } from "./list-processes.ts";

/** In paces of the poller (usually a second). */
const PROCESSES_EVERY = 2;
const TEMPERATURE_EVERY = 2;
const POWER_EVERY = 3;
const LIMIT_EVERY = 60;
const GRAPHICS_EVERY = 10;
/** A dear question is asked so rarely that it takes up about this part of the time, and at least so often. */
const SHARE = 0.02;
const OLDEST_MS = 10_000;
/** Memory that changes by so much hints at a process that isn't listed yet. */
const HINT_MIB = 64;
/** So often in a row a busy GPU without a process must be seen before it is believed. */
const BELIEVED_AFTER = 3;
const NOT_YET = "it hasn't been read yet";
const HIDDEN_MEMORY = "the driver doesn't tell the memory of single processes here (WDDM)";

/** The driver says that something is over: the GPU (15), or the whole library. */
export class DriverError extends Error {
  readonly code: number;
  constructor(code: number) {
    super(words(code));
    this.code = code;
  }
}

/** A question that is asked again when its time has come. */
class Timed<T> {
  #dueMs = Number.NEGATIVE_INFINITY;
  /** Not asked again before, however much it hurries. */
  #restMs = Number.NEGATIVE_INFINITY;
  #value: T;
  constructor(first: T) {
    this.#value = first;
  }
  /** `permanent` of an answer: never asked again. */
  get(nowMs: number, everyMs: number, ask: () => { value: T; permanent: boolean }): T {
    if (nowMs < this.#dueMs) return this.#value;
    const began = performance.now();
    const { value, permanent } = ask();
    const restMs = everyMs === 0 ? 0 : Math.min(OLDEST_MS, (performance.now() - began) / SHARE);
    this.#value = value;
    this.#restMs = nowMs + restMs;
    this.#dueMs = permanent ? Number.POSITIVE_INFINITY : nowMs + Math.max(everyMs, restMs) - everyMs * 0.1;
    return value;
  }
  hurry(): void {
    if (this.#dueMs !== Number.POSITIVE_INFINITY) this.#dueMs = this.#restMs;
  }
}

export class Device {
  readonly uuid: string;
  readonly name: string;
  #index: number;
  #handle: bigint;
  readonly #library: Library;
  readonly #lists: ProcessLists;
  #instances: Instances;
  readonly #paceMs: number;
  readonly #bytes = Buffer.alloc(MEMORY_V2_BYTES);
  #samples = Buffer.alloc(128 * SAMPLE_BYTES);
  #lastSample = 0n;
  #readings = 0;
  #busyAlone = 0;
  #listedAtMiB = 0;
  readonly #utilization = new Timed<Told>(NOT_YET);
  readonly #temperature = new Timed<Told>(NOT_YET);
  readonly #power = new Timed<Told>(NOT_YET);
  readonly #limit = new Timed<Told>(NOT_YET);
  readonly #throttle = new Timed<Told>(NOT_YET);
  readonly #processes = new Timed<ProcessReport[] | string>(NOT_YET);
  readonly #graphics = new Timed<ReturnType<ProcessLists["ask"]>>([]);

  constructor(
    library: Library,
    lists: ProcessLists,
    device: { handle: bigint; uuid: string; index: number; name: string },
    paceMs: number,
  ) {
    this.#library = library;
    this.#lists = lists;
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
    const utilization = this.#utilization.get(nowMs, 0, () => this.#ask("nvmlDeviceGetUtilizationRates"));
    const memory = this.#memory(this.#handle);
    if (Math.abs((memory.usedMiB ?? 0) - this.#listedAtMiB) >= HINT_MIB) {
      this.#listedAtMiB = memory.usedMiB ?? 0;
      this.#graphics.hurry();
      this.#processes.hurry();
    }
    const processes = this.#processes.get(nowMs, PROCESSES_EVERY * pace, () => this.#listProcesses(nowMs));
    const bits = this.#throttle.get(nowMs, 0, () => this.#throttleBits());
    const milliwatts = this.#power.get(nowMs, POWER_EVERY * pace, () => this.#ask("nvmlDeviceGetPowerUsage"));
    const limit = this.#limit.get(nowMs, LIMIT_EVERY * pace, () =>
      this.#ask("nvmlDeviceGetEnforcedPowerLimit"),
    );
    const instances = this.#instances.read(nowMs, PROCESSES_EVERY * pace, (handle) => this.#memory(handle));
    return {
      uuid: this.uuid,
      index: this.index,
      name: this.name,
      ...this.#believed(utilization, processes),
      memoryTotalMiB: memory.totalMiB ?? memory.reason,
      memoryUsedMiB: memory.usedMiB ?? memory.reason,
      temperature: this.#temperature.get(nowMs, TEMPERATURE_EVERY * pace, () => this.#askTemperature()),
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

  /** Asks for one 32-bit figure. */
  #ask(call: string): { value: Told; permanent: boolean } {
    const code = this.#library.call(call, this.#handle, this.#bytes);
    if (code === OK) {
      const value = this.#bytes.readUInt32LE();
      return value === 0xffff_ffff
        ? { value: "the driver gives no value", permanent: false }
        : { value, permanent: false };
    }
    return this.#failed(code);
  }

  /** Newer drivers give the old question up for one with a version. */
  #askTemperature(): { value: Told; permanent: boolean } {
    const old = this.#library.call("nvmlDeviceGetTemperature", this.#handle, 0, this.#bytes);
    if (old === OK) return { value: this.#bytes.readUInt32LE(), permanent: false };
    if (!isPermanent(old) || !this.#library.has("nvmlDeviceGetTemperatureV")) return this.#failed(old);
    this.#bytes.fill(0).writeUInt32LE(TEMPERATURE_VERSION);
    const code = this.#library.call("nvmlDeviceGetTemperatureV", this.#handle, this.#bytes);
    return code === OK ? { value: this.#bytes.readInt32LE(8), permanent: false } : this.#failed(code);
  }

  #failed(code: number): { value: string; permanent: boolean } {
    if (code === GPU_IS_LOST || isFatal(code)) throw new DriverError(code);
    return { value: words(code), permanent: isPermanent(code) };
  }

  #throttleBits(): { value: Told; permanent: boolean } {
    const call = this.#library.firstOf(
      "nvmlDeviceGetCurrentClocksEventReasons",
      "nvmlDeviceGetCurrentClocksThrottleReasons",
    );
    const code = this.#library.call(call, this.#handle, this.#bytes);
    return code === OK ? { value: this.#bytes.readUInt32LE(), permanent: false } : this.#failed(code);
  }

  #memory(handle: bigint): { totalMiB: number | null; usedMiB: number | null; reason: string } {
    this.#bytes.fill(0);
    this.#bytes.writeUInt32LE(MEMORY_V2_VERSION);
    let code = this.#library.call("nvmlDeviceGetMemoryInfo_v2", handle, this.#bytes);
    if (code === OK) return { ...memoryV2(this.#bytes), reason: "the driver gives no value" };
    if (code !== GPU_IS_LOST && !isFatal(code)) {
      code = this.#library.call("nvmlDeviceGetMemoryInfo", handle, this.#bytes);
      if (code === OK)
        return { ...memoryV1(this.#bytes.subarray(0, MEMORY_V1_BYTES)), reason: "the driver gives no value" };
    }
    return { totalMiB: null, usedMiB: null, reason: this.#failed(code).value };
  }

  #listProcesses(nowMs: number): { value: ProcessReport[] | string; permanent: boolean } {
    const compute = this.#lists.ask(this.#handle, "Compute");
    if (typeof compute === "number") {
      const { value, permanent } = this.#failed(compute);
      return { value, permanent };
    }
    const mps = this.#lists.ask(this.#handle, "MPSCompute");
    const graphics = (): ReturnType<ProcessLists["ask"]> =>
      this.#graphics.get(nowMs, GRAPHICS_EVERY * this.#paceMs, () => ({
        value: this.#lists.ask(this.#handle, "Graphics"),
        permanent: false,
      }));
    let listed = mergeLists(compute, mps, graphics());
    if (typeof listed === "string") return { value: listed, permanent: false };
    const use = this.#processUse();
    const unlisted = (held: ReadonlyMap<number, unknown>): boolean =>
      typeof use !== "string" && [...use.keys()].some((pid) => !held.has(pid) && existsSync(`/proc/${pid}`));
    if (unlisted(listed)) {
      this.#graphics.hurry();
      listed = mergeLists(compute, mps, graphics());
    }
    if (typeof listed === "string") return { value: listed, permanent: false };
    const value = [...listed].map(([pid, memoryMiB]) => ({
      pid,
      memoryMiB: memoryMiB ?? HIDDEN_MEMORY,
      smPercent: typeof use === "string" ? use : (use.get(pid) ?? 0),
    }));
    return { value, permanent: false };
  }

  /**
   * Percent by pid in the last period; a process that isn't in it used nothing. Senseless samples
   * (over 100 %, or not newer than the last) are left out.
   */
  #processUse(): Map<number, number> | string {
    const count = Buffer.alloc(4);
    let room = this.#samples.length / SAMPLE_BYTES;
    count.writeUInt32LE(room);
    const call = (): number =>
      this.#library.call(
        "nvmlDeviceGetProcessUtilization",
        this.#handle,
        this.#samples,
        count,
        this.#lastSample,
      );
    let code = call();
    if (code === INSUFFICIENT_SIZE && room < 4096) {
      room = Math.min(4096, Math.max(room * 2, count.readUInt32LE()));
      this.#samples = Buffer.alloc(room * SAMPLE_BYTES);
      count.writeUInt32LE(room);
      code = call();
    }
    if (code === NOT_FOUND) return new Map();
    if (code !== OK) return this.#failed(code).value;
    const newest = new Map<number, { at: bigint; smPercent: number }>();
    const before = this.#lastSample;
    for (const { pid, at, smPercent } of utilizationSamples(
      this.#samples,
      Math.min(count.readUInt32LE(), room),
    )) {
      if (smPercent > 100 || at <= before || pid === 0) continue;
      if (at > this.#lastSample) this.#lastSample = at;
      const known = newest.get(pid);
      if (known === undefined || at >= known.at) newest.set(pid, { at, smPercent });
    }
    return new Map([...newest].map(([pid, { smPercent }]) => [pid, smPercent]));
  }
}
