/**
 * Polls all GPUs through NVML: opens the driver once and keeps it open, follows GPUs by UUID while their
 * indices and their count change, and carries on with the others when one is lost.
 */
import { type GpuReport, unreadable } from "../report.ts";
import { FUNCTION_NOT_FOUND, GPU_IS_LOST, isFatal, OK, words } from "./codes.ts";
import { Device, nvidia } from "./device.ts";
import { text } from "./layout.ts";
import type { Library } from "./library.ts";
import { ProcessLists } from "./list-processes.ts";
import { DriverError } from "./questions.ts";

const NO_GPUS_IS_FINE = 1;
const TEXT_BYTES = 96;
/** In paces: interval between counts of GPUs, and between searches for a lost one (doubling). */
const COUNT_EVERY = 30;
const LOOK_FIRST = 3;
const LOOK_LAST = 60;

interface Lost {
  uuid: string;
  index: number;
  name: string;
  reason: string;
}

export class Poller {
  readonly #library: Library;
  readonly #paceMs: number;
  readonly #lists: ProcessLists;
  #devices: Device[] = [];
  #lost: Lost[] = [];
  #count = 0;
  #countAtMs = Number.NEGATIVE_INFINITY;
  #lookAtMs = Number.POSITIVE_INFINITY;
  #lookPaces = LOOK_FIRST;

  /** @throws DriverError when the driver can't be opened */
  constructor(library: Library, paceMs: number) {
    this.#library = library;
    this.#paceMs = paceMs;
    this.#lists = new ProcessLists(library);
    this.#open();
  }

  get driver(): string | null {
    const version = Buffer.alloc(TEXT_BYTES);
    const code = this.#library.call("nvmlSystemGetDriverVersion", version, TEXT_BYTES);
    return code === OK ? text(version) : null;
  }

  /** @throws DriverError when a new process must take over */
  poll(nowMs: number): GpuReport[] {
    if (nowMs >= this.#lookAtMs) this.#reopen();
    else if (nowMs >= this.#countAtMs + COUNT_EVERY * this.#paceMs && this.#countGpus() !== this.#count)
      this.#enumerate();
    if (nowMs >= this.#countAtMs + COUNT_EVERY * this.#paceMs) this.#countAtMs = nowMs;
    const reports = [...this.#devices].flatMap((device) => this.#read(device, nowMs));
    if (this.#lost.length > 0 && this.#lookAtMs === Number.POSITIVE_INFINITY) {
      this.#lookAtMs = nowMs + this.#lookPaces * this.#paceMs;
      this.#lookPaces = Math.min(LOOK_LAST, this.#lookPaces * 2);
    }
    if (this.#lost.length === 0) this.#lookPaces = LOOK_FIRST;
    reports.push(...this.#lost.map((gpu) => unreadable({ ...gpu, ...nvidia(gpu.index) }, gpu.reason)));
    return reports.sort((a, b) => a.index - b.index);
  }

  #read(device: Device, nowMs: number): GpuReport[] {
    try {
      return [device.read(nowMs)];
    } catch (problem) {
      if (!(problem instanceof DriverError) || problem.code !== GPU_IS_LOST) throw problem;
      this.#devices = this.#devices.filter((one) => one !== device);
      this.#lost.push({ uuid: device.uuid, index: device.index, name: device.name, reason: problem.message });
      return [];
    }
  }

  #open(): void {
    let code = this.#library.call("nvmlInitWithFlags", NO_GPUS_IS_FINE);
    if (code === FUNCTION_NOT_FOUND) code = this.#library.call("nvmlInit_v2");
    if (code !== OK) throw new DriverError(code);
    this.#enumerate();
  }

  /** Only a reinitialized library finds a lost GPU. */
  #reopen(): void {
    this.#lookAtMs = Number.POSITIVE_INFINITY;
    this.#library.call("nvmlShutdown");
    this.#open();
  }

  #countGpus(): number {
    const count = Buffer.alloc(4);
    const code = this.#library.call("nvmlDeviceGetCount_v2", count);
    if (code !== OK) throw new DriverError(code);
    return count.readUInt32LE();
  }

  #enumerate(): void {
    this.#count = this.#countGpus();
    const known = [...this.#devices, ...this.#lost];
    const before = new Map(this.#devices.map((device) => [device.uuid, device]));
    this.#devices = [];
    this.#lost = [];
    for (let index = 0; index < this.#count; index++) {
      const found = this.#identify(index);
      if (typeof found === "number") {
        if (isFatal(found)) throw new DriverError(found);
        const last = known.find((one) => one.index === index);
        const { uuid = `unreadable-${index}`, name = "NVIDIA GPU" } = last ?? {};
        this.#lost.push({ uuid, index, name, reason: words(found) });
      } else {
        const device = before.get(found.uuid) ?? new Device(this.#library, this.#lists, found, this.#paceMs);
        device.move(found.handle, index);
        this.#devices.push(device);
      }
    }
    // A GPU that is no longer counted is lost, not forgotten: rules on it must know.
    for (const { uuid, index, name } of known) {
      const there = [...this.#devices, ...this.#lost].some((one) => one.uuid === uuid);
      if (!there && !uuid.startsWith("unreadable-"))
        this.#lost.push({ uuid, index, name, reason: "the driver no longer lists this GPU" });
    }
  }

  #identify(index: number): { handle: bigint; uuid: string; index: number; name: string } | number {
    const handle = Buffer.alloc(8);
    let code = this.#library.call("nvmlDeviceGetHandleByIndex_v2", index, handle);
    if (code !== OK) return code;
    const device = handle.readBigUInt64LE();
    const say = (call: string): string => {
      const into = Buffer.alloc(TEXT_BYTES);
      code = this.#library.call(call, device, into, TEXT_BYTES);
      return text(into);
    };
    const uuid = say("nvmlDeviceGetUUID");
    if (code !== OK) return code;
    const name = say("nvmlDeviceGetName");
    return { handle: device, uuid, index, name: code === OK ? name : "NVIDIA GPU" };
  }
}
