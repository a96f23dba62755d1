/**
 * The processes on one GPU with their memory and use: merges the driver's lists with its samples, and lists
 * again early when memory or a sample hints at a process that isn't listed yet.
 */
import { existsSync } from "node:fs";
import type { ProcessReport } from "../report.ts";
import type { Library } from "./library.ts";
import { mergeLists, type ProcessLists } from "./list-processes.ts";
import { ProcessUse } from "./process-use.ts";
import { failed } from "./questions.ts";
import { type Answer, NOT_YET, Timed } from "./timed.ts";

/** In paces of the poller (usually a second). */
export const PROCESSES_EVERY = 2;
const GRAPHICS_EVERY = 10;
/** A change in memory of this much hints at a process that isn't listed yet. */
const HINT_MIB = 64;
const HIDDEN_MEMORY = "the driver doesn't report memory per process here (WDDM)";

type Listed = ReturnType<ProcessLists["ask"]>;

/** Where the driver hides even memory, pids are another system's, and a match here proves nothing. Null elsewhere. */
export const whyBlind = (processes: ProcessReport[] | string): string | null =>
  typeof processes !== "string" &&
  processes.length > 0 &&
  processes.every(({ memoryMiB }) => memoryMiB === HIDDEN_MEMORY)
    ? HIDDEN_MEMORY
    : null;

export class DeviceProcesses {
  readonly #lists: ProcessLists;
  readonly #use: ProcessUse;
  readonly #paceMs: number;
  #handle = 0n;
  #listedAtMiB = 0;
  readonly #processes = new Timed<ProcessReport[] | string>(NOT_YET);
  readonly #graphics = new Timed<Listed>([]);

  constructor(library: Library, lists: ProcessLists, paceMs: number) {
    this.#lists = lists;
    this.#use = new ProcessUse(library);
    this.#paceMs = paceMs;
  }

  /** Why this GPU doesn't report use per process; null while it does. */
  get untoldUse(): string | null {
    return this.#use.failure;
  }

  /**
   * The list, or why there is none. `usedMiB`: of the GPU now.
   * @throws DriverError when this GPU or the library is lost
   */
  read(handle: bigint, nowMs: number, usedMiB: number): ProcessReport[] | string {
    this.#handle = handle;
    if (Math.abs(usedMiB - this.#listedAtMiB) >= HINT_MIB) {
      this.#listedAtMiB = usedMiB;
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
    if (typeof listed === "string") return { value: listed, refused: false };
    const value = [...listed].map(([pid, memoryMiB]) => ({
      pid,
      memoryMiB: memoryMiB ?? HIDDEN_MEMORY,
      smPercent: typeof use === "string" ? use : (use.get(pid) ?? this.#use.unsampled(nowMs)),
    }));
    return { value, refused: false };
  }

  #askGraphics(nowMs: number): Listed {
    return this.#graphics.get(nowMs, GRAPHICS_EVERY * this.#paceMs, () => ({
      value: this.#lists.ask(this.#handle, "Graphics"),
      refused: false,
    }));
  }
}
