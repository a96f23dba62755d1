/**
 * Builds the fake libcuda.so.1 and ties it to a fake NVML: both read one control file, and the memory of a program
 * that was moved leaves its GPU. `also` lines of the fake NVML steer it (see cuda.c).
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { buildLibrary } from "../build.ts";
import type { FakeNvml } from "../nvml/fake.ts";

const SOURCE = resolve(import.meta.dirname, "cuda.c");

export type CudaState = "running" | "locked" | "checkpointed" | "failed";
const STATES: CudaState[] = ["running", "locked", "checkpointed", "failed"];

export class FakeCuda {
  readonly #nvml: FakeNvml;
  readonly #states: string;
  readonly #library: string;
  readonly notes: string;

  /** `lacking`: a driver without the calls. */
  constructor(nvml: FakeNvml, { lacking = false } = {}) {
    this.#nvml = nvml;
    this.#states = join(nvml.directory, "states");
    this.notes = join(nvml.directory, "notes");
    mkdirSync(this.#states);
    const [name, flags] = lacking ? ["libcuda-lacking", ["-DWITHOUT_CHECKPOINT"]] : ["libcuda", []];
    this.#library = buildLibrary(SOURCE, name, flags);
  }

  /** With that of the fake NVML. */
  get env(): Record<string, string> {
    return {
      ...this.#nvml.env,
      GPU_JOB_SUPERVISOR_CUDA: this.#library,
      FAKE_CUDA_STATES: this.#states,
    };
  }

  stateOf(pid: number): CudaState {
    try {
      return STATES[Number(readFileSync(join(this.#states, String(pid)), "utf8")[0])] ?? "failed";
    } catch {
      return "running";
    }
  }

  /** The calls so far that change something, by name and code: "lock 0", "restore 2". */
  get calls(): string[] {
    try {
      return readFileSync(this.notes, "utf8")
        .trim()
        .split("\n")
        .map((line) => line.replace(/ \d+ /, " "));
    } catch {
      return [];
    }
  }
}
