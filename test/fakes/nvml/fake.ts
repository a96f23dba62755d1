/**
 * Builds the fake libnvidia-ml.so.1 and steers it by its control file, which it reads again while it
 * runs. `gpus` and `processes` are what a test says about the machine; `also` are raw lines.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buildLibrary } from "../build.ts";

const SOURCE = resolve(import.meta.dirname, "nvml.c");
export type Driver = "current" | "without-v3" | "stride-32";
const FLAGS: Record<Driver, string[]> = {
  current: [],
  "without-v3": ["-DWITHOUT_V3"],
  "stride-32": ["-DSTRIDE_32"],
};

/** Path of the library; built once for each version of its source. */
export const buildFake = (driver: Driver = "current"): string =>
  buildLibrary(SOURCE, `libnvidia-ml-${driver}`, FLAGS[driver]);

type Fields = Record<string, string | number>;
export interface FakeProcess {
  gpu: number;
  pid: number;
  kind?: "compute" | "graphics" | "mps";
  /** MiB; -1: the driver doesn't tell. */
  memory?: number;
  sm?: number;
  /** Percent that it used until just before anybody asked. */
  before?: number;
  instance?: number;
  /** 1: listed even after it has ended. */
  ghost?: number;
}

export interface FakeMachine {
  gpus: Fields[];
  processes?: FakeProcess[];
  also?: string[];
}

export class FakeNvml {
  readonly directory = mkdtempSync(join(tmpdir(), "supervisor-nvml-"));
  readonly file = join(this.directory, "control");
  readonly library: string;
  #machine: FakeMachine = { gpus: [] };

  constructor(machine: FakeMachine, driver: Driver = "current") {
    this.library = buildFake(driver);
    this.set(machine);
  }

  /** What a supervisor or a reader needs in its environment to use this driver, and to hold its GPUs. */
  get env(): Record<string, string> {
    return {
      GPU_JOB_SUPERVISOR_NVML: this.library,
      FAKE_NVML_FILE: this.file,
      GPU_JOB_SUPERVISOR_CLAIMS: join(this.directory, "claims"),
    };
  }

  /** From the next call on. */
  set(change: Partial<FakeMachine>): void {
    this.#machine = { ...this.#machine, ...change };
    const { gpus, processes = [], also = [] } = this.#machine;
    const lines = [
      ...gpus.map((fields, index) => `gpu ${index}${written(fields)}`),
      ...processes.map(({ gpu, pid, ...fields }) => `process ${gpu} ${pid}${written(fields)}`),
      ...also,
    ];
    writeFileSync(`${this.file}.new`, `${lines.join("\n")}\n`);
    renameSync(`${this.file}.new`, this.file);
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const written = (fields: object): string =>
  Object.entries(fields)
    .map(([key, value]) => ` ${key}=${String(value).replaceAll(" ", "_")}`)
    .join("");
