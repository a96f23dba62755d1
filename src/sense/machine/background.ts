/**
 * Readings that may block (a dead network disk, a battery behind a slow controller): taken in the
 * background, at most one of each at a time. A reading that hangs becomes stale; it must never delay a tick.
 */

import { statfsSync } from "node:fs";
import { readdir, readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import { monotonicMs } from "../../clock.ts";
import type { Reading } from "../../model/machine.ts";

const MIB = 1024 * 1024;
const SUPPLIES = "/sys/class/power_supply";

/** Interval between slow readings, and how long one counts as current; in ms. */
interface Pace {
  everyMs: number;
  holdsMs: number;
}

/** The last reading of `take`, stamped with the present while it is current and with its own time after that. */
export function inBackground(
  first: Reading,
  pace: Pace,
  take: () => Promise<Reading>,
): (nowMs: number) => Reading {
  let last = first;
  let nextMs = Number.NEGATIVE_INFINITY;
  let busy = false;
  return (nowMs) => {
    if (!busy && nowMs >= nextMs) {
      busy = true;
      nextMs = nowMs + pace.everyMs;
      take()
        .catch((problem: Error): Reading => ({ unavailable: problem.message }))
        .then((taken) => {
          last = taken;
          busy = false;
        });
    }
    const holds = "value" in last && nowMs - last.atMs < pace.holdsMs;
    return holds ? { ...last, atMs: nowMs } : last;
  };
}

/** Magic numbers of file systems on local disks and in memory, which answer at once. */
const LOCAL = new Set([0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010]);

type Blocks = { bavail: number; bsize: number };
const freeMiB = ({ bavail, bsize }: Blocks, atMs: number): Reading => ({
  value: (bavail * bsize) / MIB,
  atMs,
});

/** Free space for unprivileged programs on the disk of `path`, in MiB. The first reading is synchronous. */
export function watchDisk(path: string): (nowMs: number) => Reading {
  const failed = (problem: unknown): Reading => ({
    unavailable: `free space on the disk of ${path} can't be read (${(problem as NodeJS.ErrnoException).code ?? problem})`,
  });
  const ask = (atMs: number): { reading: Reading; local: boolean } => {
    try {
      const found = statfsSync(path);
      return { reading: freeMiB(found, atMs), local: LOCAL.has(found.type) };
    } catch (problem) {
      return { reading: failed(problem), local: true };
    }
  };
  const first = ask(monotonicMs());
  if (first.local) return (nowMs) => ask(nowMs).reading;
  return inBackground(first.reading, { everyMs: 2000, holdsMs: 5000 }, () =>
    statfs(path).then((found) => freeMiB(found, monotonicMs()), failed),
  );
}

/** Mean charge of the machine's batteries in percent; those of mice and keyboards don't count. */
export function watchBattery(directory: string = SUPPLIES): (nowMs: number) => Reading {
  const first: Reading = { unavailable: "the battery hasn't been read yet" };
  return inBackground(first, { everyMs: 30_000, holdsMs: 65_000 }, () => readBattery(directory));
}

export async function readBattery(directory: string = SUPPLIES): Promise<Reading> {
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
  if (charges.length === 0) return { unavailable: "this machine has no readable battery" };
  const mean = charges.reduce((all, charge) => all + charge, 0) / charges.length;
  return { value: mean, atMs: monotonicMs() };
}
