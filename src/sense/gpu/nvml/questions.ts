/**
 * The questions to NVML about one GPU that have one or two values for an answer. A value that the driver
 * doesn't report becomes a reason, never 0; a lost GPU or library throws.
 */
import type { Told } from "../report.ts";
import { GPU_IS_LOST, isFatal, isPermanent, OK, VERSION_MISMATCH, words } from "./codes.ts";
import {
  MEMORY_V1_BYTES,
  MEMORY_V2_BYTES,
  MEMORY_V2_VERSION,
  type Memory,
  memoryV1,
  memoryV2,
  TEMPERATURE_VERSION,
} from "./layout.ts";
import type { Library } from "./library.ts";
import type { Answer } from "./timed.ts";

const NO_VALUE = "the driver reports no value";

/** The driver reports a loss: of the GPU (15), or of the library as a whole. */
export class DriverError extends Error {
  readonly code: number;
  constructor(code: number) {
    super(words(code));
    this.code = code;
  }
}

/** @throws DriverError when this GPU or the library is lost */
export function failed(code: number): Answer<string> {
  if (code === GPU_IS_LOST || isFatal(code)) throw new DriverError(code);
  return { value: words(code), permanent: isPermanent(code) };
}

export interface MemoryTold extends Memory {
  /** Why a figure is null. */
  reason: string;
}

/** One per GPU: remembers which calls it lacks. */
export class Questions {
  readonly #library: Library;
  readonly #bytes = Buffer.alloc(MEMORY_V2_BYTES);
  #knowsMemoryV2 = true;

  constructor(library: Library) {
    this.#library = library;
  }

  /** One 32-bit figure. */
  figure(call: string, handle: bigint): Answer<Told> {
    const code = this.#library.call(call, handle, this.#bytes);
    if (code !== OK) return failed(code);
    const value = this.#bytes.readUInt32LE();
    return { value: value === 0xffff_ffff ? NO_VALUE : value, permanent: false };
  }

  /** Newer drivers replace the old call by a versioned one. */
  temperature(handle: bigint): Answer<Told> {
    const old = this.#library.call("nvmlDeviceGetTemperature", handle, 0, this.#bytes);
    if (old === OK) return { value: this.#bytes.readUInt32LE(), permanent: false };
    if (!isPermanent(old) || !this.#library.has("nvmlDeviceGetTemperatureV")) return failed(old);
    this.#bytes.fill(0).writeUInt32LE(TEMPERATURE_VERSION);
    const code = this.#library.call("nvmlDeviceGetTemperatureV", handle, this.#bytes);
    return code === OK ? { value: this.#bytes.readInt32LE(8), permanent: false } : failed(code);
  }

  throttleBits(handle: bigint): Answer<Told> {
    const call = this.#library.firstOf(
      "nvmlDeviceGetCurrentClocksEventReasons",
      "nvmlDeviceGetCurrentClocksThrottleReasons",
    );
    const code = this.#library.call(call, handle, this.#bytes);
    return code === OK ? { value: this.#bytes.readUInt32LE(), permanent: false } : failed(code);
  }

  /** Of a GPU, or of one of its instances. */
  memory(handle: bigint): MemoryTold {
    if (this.#knowsMemoryV2) {
      this.#bytes.fill(0).writeUInt32LE(MEMORY_V2_VERSION);
      const code = this.#library.call("nvmlDeviceGetMemoryInfo_v2", handle, this.#bytes);
      if (code === OK) return { ...memoryV2(this.#bytes), reason: NO_VALUE };
      this.#knowsMemoryV2 = !failed(code).permanent && code !== VERSION_MISMATCH;
    }
    const code = this.#library.call("nvmlDeviceGetMemoryInfo", handle, this.#bytes);
    if (code === OK) return { ...memoryV1(this.#bytes.subarray(0, MEMORY_V1_BYTES)), reason: NO_VALUE };
    return { totalMiB: null, usedMiB: null, reason: failed(code).value };
  }
}
