/**
 * On which GPUs, with which driver, `doctor --try-park` has seen a program of its own come back whole: a file among
 * those of all supervisors of one user, whose permissions it was tried with.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { triedParks } from "../files/state-paths.ts";

/** By the GPU's UUID: the driver's version, and when it was seen, in wall time. */
type Tried = Record<string, { driver: string; atMs: number }>;

/** @throws what the disk throws */
export function noteTry(
  gpu: string,
  driver: string,
  { works, atMs }: { works: boolean; atMs: number },
): void {
  const path = triedParks();
  const { [gpu]: _, ...others } = read();
  const tried: Tried = works ? { ...others, [gpu]: { driver, atMs } } : others;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, `${JSON.stringify(tried, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}

const READ_AGAIN_MS = 10_000;

/** The same as a supervisor knows it, which reads the file once in a while. */
export class TriedParks {
  #tried: Tried = {};
  #readAtMs = Number.NEGATIVE_INFINITY;

  /** @param nowMs monotonic */
  works(gpu: string, driver: string | null, nowMs: number): boolean {
    if (nowMs - this.#readAtMs >= READ_AGAIN_MS) {
      this.#tried = read();
      this.#readAtMs = nowMs;
    }
    return driver !== null && this.#tried[gpu]?.driver === driver;
  }
}

/** Nothing, also for a user without a home to note it in. */
function read(): Tried {
  try {
    return JSON.parse(readFileSync(triedParks(), "utf8"));
  } catch {
    return {};
  }
}
