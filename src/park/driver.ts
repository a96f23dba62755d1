/**
 * The CUDA driver's calls that move a program's VRAM, by symbol, so that a driver without them is told from one
 * that fails. Calls may block for ever: only for a process that can be given up.
 */
import { load } from "koffi";
import type { DriverCall, DriverState } from "../model/park.ts";
import { OK } from "./codes.ts";
import { LOCK_MS } from "./lock-ms.ts";

/** A library to load in place of the driver's, for tests. */
export const CUDA_VARIABLE = "GPU_JOB_SUPERVISOR_CUDA";

const LIBRARIES = [
  "libcuda.so.1",
  "/usr/lib/x86_64-linux-gnu/libcuda.so.1",
  "/usr/lib64/libcuda.so.1",
  "/run/opengl-driver/lib/libcuda.so.1",
];

/** What `cuDriverGetVersion` tells from driver 580 on: the first whose calls are known to do all that is needed. */
const LEAST_VERSION = 13_000;
const ARGUMENT_BYTES = 64;

const SYMBOLS: Record<Exclude<DriverCall, "look">, string> = {
  lock: "cuCheckpointProcessLock",
  checkpoint: "cuCheckpointProcessCheckpoint",
  restore: "cuCheckpointProcessRestore",
  unlock: "cuCheckpointProcessUnlock",
};
/** By number. Any other is one of a newer driver, which has one for each call under way. */
const STATES: DriverState[] = ["running", "locked", "checkpointed", "failed"];

type Call = (...args: unknown[]) => number;

export class Driver {
  readonly #find: (symbol: string, ...types: string[]) => Call | null;

  /** @throws Error where no library can be loaded */
  constructor(env: NodeJS.ProcessEnv = process.env) {
    const given = env[CUDA_VARIABLE];
    const library = firstOf(given === undefined ? LIBRARIES : [given]);
    this.#find = (symbol, ...types) => {
      try {
        return library.func(`int ${symbol}(${types.join(", ")})`) as Call;
      } catch {
        return null;
      }
    };
  }

  /** Why this driver can't move VRAM, half a sentence; null where it can. */
  get lack(): string | null {
    const lacking = [...Object.values(SYMBOLS), "cuCheckpointProcessGetState"].find(
      (symbol) => this.#find(symbol, "int", "void *") === null,
    );
    const version = Buffer.alloc(4);
    const code = this.#find("cuDriverGetVersion", "void *")?.(version) ?? OK;
    const told = code === OK ? version.readInt32LE() : 0;
    if (told >= LEAST_VERSION && lacking === undefined) return null;
    const is = told === 0 ? "the NVIDIA driver" : `the NVIDIA driver is of CUDA ${cudaVersion(told)}, and`;
    return `${is} can't move VRAM into host memory: that takes driver 580 (CUDA 13.0) or newer`;
  }

  /** CUDA's code. @throws Error where the driver lacks the call */
  call(call: Exclude<DriverCall, "look">, pid: number): number {
    const args = Buffer.alloc(ARGUMENT_BYTES);
    if (call === "lock") args.writeUInt32LE(LOCK_MS, 0);
    // Only a restore needs a driver of its own; one that was opened keeps the GPU's device files open.
    const begun = call === "restore" ? this.#must("cuInit", "unsigned int")(0) : OK;
    return begun === OK ? this.#must(SYMBOLS[call], "int", "void *")(pid, args) : begun;
  }

  /** As a code where the driver doesn't tell it. */
  stateOf(pid: number): DriverState | number {
    const state = Buffer.alloc(4);
    const code = this.#must("cuCheckpointProcessGetState", "int", "void *")(pid, state);
    return code === OK ? (STATES[state.readInt32LE()] ?? "busy") : code;
  }

  /** Another of its functions; `types` as koffi writes them. @throws Error where the driver lacks it */
  function(symbol: string, ...types: string[]): Call {
    return this.#must(symbol, ...types);
  }

  #must(symbol: string, ...types: string[]): Call {
    const call = this.#find(symbol, ...types);
    if (call === null) throw new Error(`this driver lacks ${symbol}`);
    return call;
  }
}

const cudaVersion = (told: number): string => `${Math.floor(told / 1000)}.${Math.floor((told % 1000) / 10)}`;

function firstOf(paths: string[]): ReturnType<typeof load> {
  let problem: unknown;
  for (const path of paths) {
    try {
      return load(path);
    } catch (failed) {
      problem ??= failed;
    }
  }
  throw problem;
}
