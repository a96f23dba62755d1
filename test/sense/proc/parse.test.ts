import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  parseCgroupCpu,
  parseCpuTimes,
  parseMemoryInfo,
  parsePids,
  parsePressure,
  parseProcessStat,
  parseStatm,
  parseStatusLine,
} from "../../../src/sense/proc/parse.ts";
import { rounds } from "../../rounds.ts";

const STAT = "cpu  100 20 30 800 40 5 6 7 50 10\ncpu0 100 20 30 800 40 5 6 7 50 10\nintr 1 2 3\n";
const PROCESS =
  "4711 (a) b (c) S 1 4711 4700 0 -1 4194560 1 2 3 4 11 22 33 44 20 -5 7 0 987654 1000 200 18446744073709551615 1 1 140725306593424 0\n";

describe("cpu times", () => {
  it("count neither steal nor guest as use", () => {
    expect(parseCpuTimes(STAT)).toEqual({ processes: 150, nice: 20, interrupts: 11, all: 1008 });
  });

  it("are null where a figure is missing or isn't one", () => {
    for (const text of [
      "",
      "cpu",
      "cpu  1 2 3",
      "cpu0 1 2 3 4 5 6 7 8",
      "cpu  1 2 -3 4 5 6 7 8",
      "cpu  1 2 x 4 5 6 7 8",
    ]) {
      expect(parseCpuTimes(text), text).toBeNull();
    }
  });
});

describe("memory", () => {
  it("is in MiB, with swap used as the difference", () => {
    const text =
      "MemTotal: 2048 kB\nMemFree: 5 kB\nMemAvailable:   1024 kB\nSwapTotal: 4096 kB\nSwapFree: 1024 kB\n";
    expect(parseMemoryInfo(text)).toEqual({ totalMiB: 2, availableMiB: 1, swapUsedMiB: 3 });
  });

  it("is null line by line, never 0, where a line is missing", () => {
    expect(parseMemoryInfo("MemTotal: 2048 kB\nMemAvailable: lots kB\n")).toEqual({
      totalMiB: 2,
      availableMiB: null,
      swapUsedMiB: null,
    });
  });

  it("says that no swap is in use where there is none", () => {
    expect(parseMemoryInfo("SwapTotal: 0 kB\nSwapFree: 0 kB\n").swapUsedMiB).toBe(0);
  });
});

describe("pressure", () => {
  it("is the mean of the last ten seconds", () => {
    const text =
      "some avg10=1.25 avg60=0.57 avg300=0.39 total=8760272\nfull avg10=0.50 avg60=0 avg300=0 total=0\n";
    expect(parsePressure(text)).toEqual({ some: 1.25, full: 0.5 });
  });

  it("is null where a kernel leaves the line out", () => {
    expect(parsePressure("some avg10=1.25 avg60=0.57 avg300=0.39 total=1\n")).toEqual({
      some: 1.25,
      full: null,
    });
  });
});

describe("a process", () => {
  it("is read past a name of brackets and spaces", () => {
    expect(parseProcessStat(PROCESS)).toEqual({
      pid: 4711,
      name: "a) b (c",
      state: "S",
      parent: 1,
      group: 4711,
      session: 4700,
      kernel: false,
      own: 33,
      reaped: 77,
      nice: -5,
      threads: 7,
      startTime: 987654,
      stack: 140_725_306_593_424,
    });
  });

  it("is null where the text is cut short", () => {
    for (let length = 0; length < 80; length++) {
      expect(parseProcessStat(PROCESS.slice(0, length))).toBeNull();
    }
  });

  it("is read from this machine as it is", () => {
    const stat = parseProcessStat(readFileSync("/proc/self/stat", "latin1"));
    expect(stat).toMatchObject({ pid: process.pid, parent: process.ppid, kernel: false });
  });

  it("has pages and status lines", () => {
    expect(parseStatm("1000 200 50 1 0 2 0\n")).toEqual({ resident: 200, shared: 50 });
    expect(parseStatm("1000 200")).toBeNull();
    expect(parseStatusLine("Name:\tx\nSigCgt:\t0000000000000800\n", "SigCgt")).toBe("0000000000000800");
    expect(parseStatusLine("Name:\tx\n", "SigCgt")).toBeNull();
  });
});

describe("a cgroup", () => {
  it("tells its CPU time in v1 and in v2", () => {
    expect(parseCgroupCpu("2500000\n")).toBe(2.5);
    expect(parseCgroupCpu("usage_usec 2500\nuser_usec 2000\n")).toBe(2.5);
    expect(parseCgroupCpu("nonsense")).toBeNull();
    expect(parseCgroupCpu("")).toBeNull();
  });

  it("lists pids one a line", () => {
    expect(parsePids("12\n34\n")).toEqual([12, 34]);
    expect(parsePids("0 x -4 12.5 7")).toEqual([7]);
  });
});

describe("garbage", () => {
  const words = fc.constantFrom(
    "cpu ",
    "some avg10=",
    "MemTotal:",
    " kB\n",
    "usage_usec ",
    "(",
    ") ",
    "S",
    "\n",
    "-",
    "9".repeat(40),
  );
  const garbage = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.array(fc.oneof(words, fc.nat().map(String)), { maxLength: 40 }).map((parts) => parts.join(" ")),
    // A true text with one piece replaced is nearer to what breaks in life.
    fc
      .tuple(
        fc.constantFrom(STAT, PROCESS, "MemTotal: 1 kB\nMemAvailable: 2 kB\n"),
        fc.nat(120),
        fc.string({ maxLength: 4 }),
      )
      .map(([text, at, piece]) => text.slice(0, at) + piece + text.slice(at + piece.length)),
  );
  const figures = (value: unknown): number[] =>
    typeof value === "number"
      ? [value]
      : typeof value === "object" && value !== null
        ? Object.values(value).flatMap(figures)
        : [];

  it("never throws and never makes a figure that isn't one", () => {
    fc.assert(
      fc.property(garbage, (text) => {
        const parsed = [
          parseCpuTimes(text),
          parseMemoryInfo(text),
          parsePressure(text),
          parseProcessStat(text),
          parseStatm(text),
          parsePids(text),
          parseCgroupCpu(text),
        ];
        for (const figure of figures(parsed)) expect(Number.isFinite(figure)).toBe(true);
      }),
      { numRuns: rounds(2000) },
    );
  });

  it("without digits is unavailable, not 0", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (raw) => {
        const text = raw.replace(/\d/g, "");
        expect(parseCpuTimes(text)).toBeNull();
        expect(Object.values(parseMemoryInfo(text))).toEqual([null, null, null]);
        expect(parsePressure(text)).toEqual({ some: null, full: null });
        expect(parseProcessStat(text)).toBeNull();
        expect(parseCgroupCpu(text)).toBeNull();
      }),
    );
  });
});
