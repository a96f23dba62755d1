/** GPUs through NVML, in the reader process: opens the library and polls it. May hang: see reader-process.ts. */
import { constants } from "node:os";
import { load } from "koffi";
import type { Message } from "../report.ts";
import { MISMATCH } from "./codes.ts";

import { Library, type Witness } from "./library.ts";
import { Poller } from "./poll.ts";
import { DriverError } from "./questions.ts";

const SOON_MS = 1000;
const LATER_MS = 60_000;

export type Failed = Extract<Message, { is: "failed" }>;

export interface Reader {
  readonly driver: string | null;
  /** Reads all GPUs once. */
  poll(nowMs: number): Promise<Message> | Message;
}

const SET_PARENT_DEATH_SIGNAL = 1;

/** A process that hangs in the driver doesn't notice that the supervisor is gone. */
function endWithParent(): void {
  try {
    const prctl = load(null).func(
      "int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)",
    );
    prctl(SET_PARENT_DEATH_SIGNAL, constants.signals.SIGKILL, 0, 0, 0);
  } catch {
    // Not Linux: it stays until the driver returns.
  }
}

/** The first library of `paths` that can be loaded. */
export function openNvml(paths: string[], paceMs: number, witness: Witness | null): Reader | Failed {
  endWithParent();
  let library: Library | null = null;
  let problem = "";
  for (const path of paths) {
    try {
      library = new Library(path, witness);
      break;
    } catch (error) {
      problem = `${path} can't be loaded: ${(error as Error).message}`;
    }
  }
  if (library === null) return { is: "failed", reason: problem, retryMs: LATER_MS, next: "nvidia-smi" };
  const nvml = library;
  return attempt(() => {
    const poller = new Poller(nvml, paceMs);
    return {
      driver: poller.driver,
      poll: (nowMs) =>
        attempt(() => {
          const before = nvml.spentMs;
          const gpus = poller.poll(nowMs);
          return { is: "report", atMs: nowMs, driverMs: nvml.spentMs - before, gpus };
        }),
    };
  });
}

function attempt<T>(what: () => T): T | Failed {
  try {
    return what();
  } catch (problem) {
    if (!(problem instanceof DriverError)) throw problem;
    const waits = problem.code === MISMATCH || problem.code === 9;
    return { is: "failed", reason: problem.message, retryMs: waits ? LATER_MS : SOON_MS };
  }
}
