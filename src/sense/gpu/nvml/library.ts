/**
 * The NVIDIA driver library, loaded one symbol at a time: whatever the driver's version, only the symbols it
 * lacks are missing. Calls may block for ever: only for a process that can be given up.
 */
import { type LibraryHandle, load } from "koffi";
import { elapsedMs } from "../../../clock.ts";
import { FUNCTION_NOT_FOUND } from "./codes.ts";

const DEVICE = "uintptr_t";
const LIST = [DEVICE, "void *", "void *"];

/** Argument types of every call. */
const CALLS: Record<string, string[]> = {
  nvmlInitWithFlags: ["unsigned int"],
  nvmlInit_v2: [],
  nvmlShutdown: [],
  nvmlSystemGetDriverVersion: ["void *", "unsigned int"],
  nvmlDeviceGetCount_v2: ["void *"],
  nvmlDeviceGetHandleByIndex_v2: ["unsigned int", "void *"],
  nvmlDeviceGetName: [DEVICE, "void *", "unsigned int"],
  nvmlDeviceGetUUID: [DEVICE, "void *", "unsigned int"],
  nvmlDeviceGetUtilizationRates: [DEVICE, "void *"],
  nvmlDeviceGetMemoryInfo: [DEVICE, "void *"],
  nvmlDeviceGetMemoryInfo_v2: [DEVICE, "void *"],
  nvmlDeviceGetTemperature: [DEVICE, "unsigned int", "void *"],
  nvmlDeviceGetTemperatureV: [DEVICE, "void *"],
  nvmlDeviceGetPowerUsage: [DEVICE, "void *"],
  nvmlDeviceGetEnforcedPowerLimit: [DEVICE, "void *"],
  nvmlDeviceGetCurrentClocksEventReasons: [DEVICE, "void *"],
  nvmlDeviceGetCurrentClocksThrottleReasons: [DEVICE, "void *"],
  nvmlDeviceGetMigMode: LIST,
  nvmlDeviceGetMaxMigDeviceCount: [DEVICE, "void *"],
  nvmlDeviceGetMigDeviceHandleByIndex: [DEVICE, "unsigned int", "void *"],
  nvmlDeviceGetComputeRunningProcesses_v3: LIST,
  nvmlDeviceGetComputeRunningProcesses_v2: LIST,
  nvmlDeviceGetComputeRunningProcesses: LIST,
  nvmlDeviceGetGraphicsRunningProcesses_v3: LIST,
  nvmlDeviceGetGraphicsRunningProcesses_v2: LIST,
  nvmlDeviceGetGraphicsRunningProcesses: LIST,
  nvmlDeviceGetMPSComputeRunningProcesses_v3: LIST,
  nvmlDeviceGetMPSComputeRunningProcesses_v2: LIST,
  nvmlDeviceGetMPSComputeRunningProcesses: LIST,
  nvmlDeviceGetProcessUtilization: [DEVICE, "void *", "void *", "uint64_t"],
  nvmlDeviceGetConfComputeMemSizeInfo: [DEVICE, "void *"],
  nvmlDeviceGetRunningProcessDetailList: [DEVICE, "void *"],
};

type Call = (...args: unknown[]) => number;
/** Called before a call (`code` null) and after it. */
export type Witness = (name: string, device: bigint | null, code: number | null, micros: number) => void;

export class Library {
  readonly #handle: LibraryHandle;
  readonly #calls = new Map<string, Call | null>();
  readonly #witness: Witness | null;
  /** Milliseconds spent inside the driver. */
  spentMs = 0;

  /** @throws when the library can't be loaded */
  constructor(path: string, witness: Witness | null = null) {
    this.#handle = load(path);
    this.#witness = witness;
  }

  has(name: string): boolean {
    return this.#resolve(name) !== null;
  }

  /** The first of these that the driver has; the last when it has none. */
  firstOf<Name extends string>(...names: [Name, ...Name[]]): Name {
    return names.find((name) => this.has(name)) ?? (names.at(-1) as Name);
  }

  /** NVML's return code; 13 for a symbol that this driver lacks. */
  call(name: string, ...args: unknown[]): number {
    const call = this.#resolve(name);
    if (call === null) return FUNCTION_NOT_FOUND;
    const device = typeof args[0] === "bigint" ? args[0] : null;
    this.#witness?.(name, device, null, 0);
    const began = elapsedMs();
    const code = call(...args);
    const ms = elapsedMs() - began;
    this.spentMs += ms;
    this.#witness?.(name, device, code, ms * 1000);
    return code;
  }

  #resolve(name: string): Call | null {
    let call = this.#calls.get(name);
    if (call !== undefined) return call;
    try {
      call = this.#handle.func(`int ${name}(${(CALLS[name] ?? []).join(", ")})`) as Call;
    } catch {
      call = null;
    }
    this.#calls.set(name, call);
    return call;
  }
}
