import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readExit, readPidRecord } from "../../../src/runs/observe/launcher-records.ts";
import { rounds } from "../../rounds.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sense-run-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

const write = (text: string): string => {
  const path = join(directory, "record");
  writeFileSync(path, text);
  return path;
};

describe("the exit record", () => {
  it.each([
    ["0.  \n", { known: true, code: 0, signal: null }],
    ["75. \n", { known: true, code: 75, signal: null }],
    ["143.\n", { known: true, code: 143, signal: "SIGTERM" }],
    ["134.\n", { known: true, code: 134, signal: "SIGABRT" }],
    ["157.\n", { known: true, code: 157, signal: "SIGIO" }],
    ["159.\n", { known: true, code: 159, signal: "SIGSYS" }],
    ["160.\n", { known: true, code: 160, signal: null }],
    ["162.\n", { known: true, code: 162, signal: "SIGRTMIN" }],
    ["177.\n", { known: true, code: 177, signal: "SIGRTMIN+15" }],
    ["178.\n", { known: true, code: 178, signal: "SIGRTMAX-14" }],
    ["192.\n", { known: true, code: 192, signal: "SIGRTMAX" }],
    ["193.\n", { known: true, code: 193, signal: null }],
    ["137.", { known: true, code: 137, signal: "SIGKILL" }],
    ["255.\n", { known: true, code: 255, signal: null }],
    ["", null],
    ["    \n", null],
    ["0", null],
    ["13  \n", null],
    ["256.\n", null],
    ["-1.\n", null],
    ["0x0.\n", null],
  ])("%j means %j", (text, exit) => {
    expect(readExit(write(text))).toEqual(exit);
  });

  it("isn't there before the end", () => {
    expect(readExit(join(directory, "none"))).toBeNull();
  });

  it("that is garbage is never taken for success", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 20 }), (text) => {
        const exit = readExit(write(text));
        if (!/^0+\.\s*$/.test(text)) expect(exit).not.toMatchObject({ known: true, code: 0 });
      }),
    );
  });
});

describe("the pid record", () => {
  it("is pid, start time and boot", () => {
    expect(readPidRecord(write("4711 8123456 abc-def\n"))).toEqual({
      pid: 4711,
      startTime: 8123456,
      bootId: "abc-def",
    });
    expect(readPidRecord(write("4711 - abc-def\n"))).toEqual({
      pid: 4711,
      startTime: null,
      bootId: "abc-def",
    });
  });

  it.each(["", "\n", "x 1 y", "0 1 y", "-4 1 y", "4711"])(
    "isn't known from %j beyond what it says",
    (text) => {
      const record = readPidRecord(write(text));
      expect(record === null || (record.pid === 4711 && record.startTime === null)).toBe(true);
    },
  );
});

it("a pid record of any kind names a process only where it is written whole", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc
      .array(
        fc.constantFrom("4711", "0", "-1", "8123456", "abc-def", " ", "-", "\n", "null", "9".repeat(25)),
        {
          maxLength: 7,
        },
      )
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (garbage) => {
      const record = readPidRecord(write(garbage));
      if (record === null) return;
      expect(garbage.startsWith(String(record.pid)) || /^0+/.test(garbage)).toBe(true);
      expect(Number.isSafeInteger(record.pid) && record.pid > 0).toBe(true);
      expect(record.startTime === null || record.startTime > 0).toBe(true);
      expect(record.bootId).toMatch(/^\S+$/);
    }),
    { numRuns: rounds(200) },
  );
});
