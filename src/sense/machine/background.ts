/**
 * Readings that may keep a reader waiting (a dead network disk, a battery behind a slow controller):
 * taken off the loop, at most one at a time each. A reading that hangs grows old; it never holds up
 * a tick.
 */

import { statfsSync } from "node:fs";
import { readdir, readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import { monotonicMs } from "../../clock.ts";
import type { Reading } from "../../model/machine.ts";

const MIB = 1024 * 1024;
const SUPPLIES = "/sys/class/power_supply";

/** How often a slow reading is taken again, and for how long it speaks for the present; in ms. */
interface Pace {
  everyMs: number;
  holdsMs: number;
}

/** The last value of `take`. While it holds it carries the present time, then the time when it was taken. */
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

/** File systems on this machine's own disks and memory, by their magic number: asking them doesn't wait. */
const LOCAL = new Set([0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010]);

type Blocks = { bavail: number; bsize: number };
const freeMiB = ({ bavail, bsize }: Blocks, atMs: number): Reading => ({
  value: (bavail * bsize) / MIB,
  atMs,
});

/** Room on the disk of `path` for programs without special rights. Read at once the first time. */
export function watchDisk(path: string): (nowMs: number) => Reading {
  const failed = (problem: unknown): Reading => ({
    unavailable: `the disk of ${path} can't be asked (${(problem as NodeJS.ErrnoException).code ?? problem})`,
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

/** Charge of the machine's batteries in percent, averaged; those of mice and keyboards don't count. */
export function watchBattery(directory: string = SUPPLIES): (nowMs: number) => Reading {
  const first: Reading = { unavailable: "the battery hasn't been read yet" };
  return inBackground(first, { everyMs: 30_000, holdsMs: 65_000 }, () => readBattery(directory));
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
  return { value: mean, atMs: monotonicMs() };
}
