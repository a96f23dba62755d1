/**
 * The questions to NVML about one GPU that have one or two values for an answer. A value that the driver
 * doesn't report becomes a reason, never 0; a lost GPU or library throws.
 */

import { Refusals } from "../reader/refusals.ts";
import type { Told } from "../report.ts";
import { GPU_IS_LOST, isFatal, isRefusal, OK, VERSION_MISMATCH, words } from "./codes.ts";
import {
  MEMORY_V1_BYTES,
  MEMORY_V2_BYTES,
  MEMORY_V2_VERSION,
  type Memory,
  memoryV1,
  memoryV2,
  TEMPERATURE_VERSION,
  whole,
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
  return { value: words(code), refused: isRefusal(code) };
}

export interface MemoryTold {
  totalMiB: Told;
  freeMiB: Told;
  usedMiB: Told;
}

/** One per GPU: remembers which calls it refuses. */
export class Questions {
  readonly #library: Library;
  readonly #bytes = Buffer.alloc(MEMORY_V2_BYTES);
  readonly #memoryV2 = new Refusals();
  readonly #memoryV1 = new Refusals();
  #noMemory = NO_VALUE;

  constructor(library: Library) {
    this.#library = library;
  }

  /** One 32-bit figure. */
  figure(call: string, handle: bigint): Answer<Told> {
    return this.#told(this.#library.call(call, handle, this.#bytes));
  }

  /** Newer drivers replace the old call by a versioned one. */
  temperature(handle: bigint): Answer<Told> {
    const old = this.#library.call("nvmlDeviceGetTemperature", handle, 0, this.#bytes);
    if (!isRefusal(old) || !this.#library.has("nvmlDeviceGetTemperatureV")) return this.#told(old);
    this.#bytes.fill(0).writeUInt32LE(TEMPERATURE_VERSION);
    const code = this.#library.call("nvmlDeviceGetTemperatureV", handle, this.#bytes);
    return code === OK ? { value: this.#bytes.readInt32LE(8), refused: false } : failed(code);
  }

  throttleBits(handle: bigint): Answer<Told> {
    const call = this.#library.firstOf(
      "nvmlDeviceGetCurrentClocksEventReasons",
      "nvmlDeviceGetCurrentClocksThrottleReasons",
    );
    return this.#told(this.#library.call(call, handle, this.#bytes), true);
  }

  /** Of a GPU, or of one of its instances: by the newer call, and by the older what that doesn't tell. */
  memory(handle: bigint, nowMs: number): MemoryTold {
    const newer = this.#memory(handle, nowMs, "v2");
    const isWhole = newer !== null && Object.values(newer).every((figure) => figure !== null);
    const older = isWhole ? null : this.#memory(handle, nowMs, "v1");
    const told = (of: keyof Memory): Told => newer?.[of] ?? older?.[of] ?? this.#noMemory;
    return { totalMiB: told("totalMiB"), freeMiB: told("freeMiB"), usedMiB: told("usedMiB") };
  }

  #memory(handle: bigint, nowMs: number, version: "v1" | "v2"): Memory | null {
    const refusals = version === "v2" ? this.#memoryV2 : this.#memoryV1;
    if (nowMs < refusals.againAtMs) return null;
    const call = version === "v2" ? "nvmlDeviceGetMemoryInfo_v2" : "nvmlDeviceGetMemoryInfo";
    this.#bytes.fill(0).writeUInt32LE(version === "v2" ? MEMORY_V2_VERSION : 0);
    const code = this.#library.call(call, handle, this.#bytes);
    if (code === OK) {
      refusals.answered();
      this.#noMemory = NO_VALUE;
      return version === "v2" ? memoryV2(this.#bytes) : memoryV1(this.#bytes.subarray(0, MEMORY_V1_BYTES));
    }
    const { value, refused } = failed(code);
    if (refused || code === VERSION_MISMATCH) refusals.refused(nowMs);
    this.#noMemory = value;
    return null;
  }

  #told(code: number, bits64 = false): Answer<Told> {
    if (code !== OK) return failed(code);
    return { value: whole(this.#bytes, bits64) ?? NO_VALUE, refused: false };
  }
}
