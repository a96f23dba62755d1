/** What each reading of the clock counts from, against the kernel and against another process. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bootSeconds, clock, elapsedMs, monotonicMs, wallMs } from "../src/clock.ts";

const path = join(import.meta.dirname, "../src/clock.ts");

/** The same reading, taken by a process that starts and ends meanwhile. */
const elsewhere = (reading: string): number =>
  Number(
    execFileSync(process.execPath, [
      "--input-type=module",
      "-e",
      `import { ${reading} } from ${JSON.stringify(path)}; console.log(${reading}());`,
    ]),
  );

test.each([
  ["wallMs", wallMs],
  ["monotonicMs", monotonicMs],
])("%s is alike in every process", (name, read) => {
  const before = read();
  const there = elsewhere(name);
  expect(there).toBeGreaterThanOrEqual(before);
  expect(there).toBeLessThanOrEqual(read());
});

test("monotonicMs counts from the boot, without suspend, so never more than the kernel's uptime", () => {
  const ms = monotonicMs();
  // The kernel cuts off at hundredths.
  expect(ms / 1000).toBeLessThanOrEqual(bootSeconds() + 0.01);
});

test("monotonicMs is told to a microsecond, since it is stored as text", () => {
  const micros = monotonicMs() * 1000;
  expect(Math.abs(micros - Math.round(micros))).toBeLessThan(0.001);
});

test("elapsedMs goes on as monotonicMs does, from the start of this process", () => {
  // A time slice may end between the two readings; of many pairs the nearest one tells.
  const origin = (): number => Math.max(...Array.from({ length: 1000 }, () => monotonicMs() - elapsedMs()));
  const first = origin();
  expect(first).toBeGreaterThan(0);
  expect(elsewhere("elapsedMs")).toBeLessThan(monotonicMs() - first);
  expect(Math.abs(origin() - first)).toBeLessThan(0.1);
});

test("bootSeconds is on the scale of processes' start times", () => {
  const stat = readFileSync("/proc/self/stat", "latin1");
  const startTicks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  expect(startTicks / 100).toBeLessThanOrEqual(bootSeconds() + 0.01);
  expect(bootSeconds() - startTicks / 100).toBeLessThan(3600);
});

test("clock.now() is wall and monotonic time of one moment", () => {
  const before = { wallMs: wallMs(), monotonicMs: monotonicMs() };
  const now = clock.now();
  expect(now.wallMs).toBeGreaterThanOrEqual(before.wallMs);
  expect(now.wallMs).toBeLessThanOrEqual(wallMs());
  expect(now.monotonicMs).toBeGreaterThanOrEqual(before.monotonicMs);
  expect(now.monotonicMs).toBeLessThanOrEqual(monotonicMs());
});
