/**
 * Readings that may keep a reader waiting (a dead network disk, a battery behind a slow controller):
 * taken off the loop, at most one at a time each, and handed out with the time they were taken at.
 * A reading that hangs grows old; it never holds up a tick.
 */

import { statfsSync } from "node:fs";
import { readdir, readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import { clock } from "../clock.ts";
import type { Reading } from "../model.ts";

const MIB = 1024 * 1024;
const SUPPLIES = "/sys/class/power_supply";

/** The last value of `take`, which is started again when it is `everyMs` old. */
export function inBackground(
  first: Reading,
  everyMs: number,
  take: () => Promise<Reading>,
): (nowMs: number) => Reading {
  let last = first;
  let nextMs = Number.NEGATIVE_INFINITY;
  let busy = false;
  return (nowMs) => {
    if (!busy && nowMs >= nextMs) {
      busy = true;
      nextMs = nowMs + everyMs;
      take()
        .then((taken) => {
          last = taken;
        })
        .catch((problem: Error) => {
          last = { unavailable: problem.message };
        })
        .finally(() => {
          busy = false;
        });
    }
    return last;
  };
}

type Blocks = { bavail: number; bsize: number };
const freeMiB = ({ bavail, bsize }: Blocks): Reading => ({
  value: (bavail * bsize) / MIB,
  atMs: clock.now().monotonicMs,
});

/** Room on the disk of `path` for programs without special rights. Read at once the first time. */
export function watchDisk(path: string): (nowMs: number) => Reading {
  const failed = (problem: unknown): Reading => ({
    unavailable: `the disk of ${path} can't be asked (${(problem as NodeJS.ErrnoException).code ?? problem})`,
  });
  let first: Reading;
  try {
    first = freeMiB(statfsSync(path));
  } catch (problem) {
    first = failed(problem);
  }
  return inBackground(first, 2000, () => statfs(path).then(freeMiB, failed));
}

/** Charge of the machine's batteries in percent, averaged; those of mice and keyboards don't count. */
export function watchBattery(directory: string = SUPPLIES): (nowMs: number) => Reading {
  return inBackground({ unavailable: "the battery hasn't been read yet" }, 30_000, () =>
    readBattery(directory),
  );
}

export async function readBattery(directory: string): Promise<Reading> {
  const text = (...path: string[]): Promise<string> =>
    readFile(join(directory, ...path), "utf8").then(
      (content) => content.trim(),
      () => "",
    );
  const names = await readdir(directory).catch(() => []);
  const charges: number[] = [];
  for (const name of names) {
    if ((await text(name, "type")) !== "Battery" || (await text(name, "scope")) === "Device") continue;
    const charge = await text(name, "capacity");
    if (/^\d{1,3}$/.test(charge) && Number(charge) <= 100) charges.push(Number(charge));
  }
  if (charges.length === 0) return { unavailable: "this machine has no battery that can be read" };
  const mean = charges.reduce((all, charge) => all + charge, 0) / charges.length;
  return { value: mean, atMs: clock.now().monotonicMs };
}
