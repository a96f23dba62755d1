import { describe, expect, it } from "vitest";
import { evidenceBetween, runningProcesses, topConsumers } from "../../../src/sense/others/scan-evidence.ts";
import type { ProcessScan } from "../../../src/sense/others/scan-processes.ts";
import type { Owner } from "../../../src/sense/owners/owner.ts";
import type { ProcessStat } from "../../../src/sense/proc/parse.ts";

interface Entry {
  pid: number;
  owner: Owner;
  own: number;
  reaped?: number;
  parent?: number;
  startTime?: number;
  nice?: number;
  state?: string;
}

function scan(atTicks: number, entries: Entry[], reapers: number[] = [1]): ProcessScan {
  const table = new Map<number, ProcessStat>();
  for (const { owner: _, ...entry } of entries) {
    const { pid, parent = 50, startTime = 10, nice = 0, state = "S", own, reaped = 0 } = entry;
    const stat = { pid, parent, startTime, nice, state, own, reaped };
    table.set(pid, { ...stat, name: "x", group: pid, session: pid, kernel: false, threads: 1, stack: 0 });
  }
  return {
    atMs: atTicks * 10,
    bootTicks: atTicks,
    cpuAll: atTicks * 2,
    table,
    owners: new Map(entries.map(({ pid, owner }) => [pid, owner])),
    escaped: new Set(),
    claimEscaped: false,
    reapers: new Set(reapers),
    hidden: null,
  };
}

describe("two scans", () => {
  it("prove what foreign processes and their waited-for children used, and nobody else", () => {
    const before = scan(1000, [
      { pid: 100, owner: "foreign", own: 10, reaped: 5 },
      { pid: 200, owner: { run: "r" }, own: 10 },
      { pid: 300, owner: "kernel", own: 10 },
      { pid: 400, owner: "nobody", own: 10 },
      { pid: 500, owner: "supervisor", own: 10 },
    ]);
    const after = scan(1100, [
      { pid: 100, owner: "foreign", own: 20, reaped: 45 },
      { pid: 200, owner: { run: "r" }, own: 90 },
      { pid: 300, owner: "kernel", own: 13 },
      { pid: 400, owner: "nobody", own: 90 },
      { pid: 500, owner: "supervisor", own: 11 },
    ]);
    const proof = evidenceBetween(before, after);
    expect(proof).toMatchObject({ all: 200, foreign: 50, kernel: 3 });
    expect(topConsumers(after, proof)).toMatchObject({
      foreign: [{ pid: 100, cpuPercent: 25 }],
      unlisted: 0,
    });
  });

  it("don't charge a reaper of orphans with what it has waited for", () => {
    const before = scan(1000, [{ pid: 1, owner: "foreign", own: 10, reaped: 5 }]);
    const after = scan(1100, [{ pid: 1, owner: "foreign", own: 12, reaped: 900 }]);
    expect(evidenceBetween(before, after).foreign).toBe(2);
  });

  it("count a process that began in between, not one that was only overlooked", () => {
    const after = scan(1100, [
      { pid: 7, owner: "foreign", own: 30, startTime: 1001 },
      { pid: 8, owner: "foreign", own: 3000, startTime: 999 },
    ]);
    expect(evidenceBetween(scan(1000, []), after).foreign).toBe(30);
  });

  it("tell niced time apart", () => {
    const before = scan(1000, []);
    const after = scan(1100, [
      { pid: 7, owner: "foreign", own: 30, startTime: 1001, nice: 19 },
      { pid: 8, owner: "foreign", own: 20, startTime: 1001, nice: 0 },
    ]);
    expect(evidenceBetween(before, after)).toMatchObject({ foreign: 50, foreignNotNice: 20 });
  });

  it("name at most ten, topConsumers first", () => {
    const entries = Array.from({ length: 30 }, (_, i) => ({
      pid: 100 + i,
      owner: "foreign" as const,
      own: i,
      startTime: 1001,
    }));
    const after = scan(1100, entries);
    const { foreign, unlisted } = topConsumers(after, evidenceBetween(scan(1000, []), after));
    expect(unlisted).toBe(9.5);
    expect(foreign.map(({ pid }) => pid)).toEqual([129, 128, 127, 126, 125, 124, 123, 122, 121, 120]);
  });
});

describe("one scan", () => {
  it("names foreign processes that are running, without a figure", () => {
    const named = runningProcesses(
      scan(1000, [
        { pid: 100, owner: "foreign", own: 10, state: "R" },
        { pid: 101, owner: "foreign", own: 10, state: "S" },
        { pid: 102, owner: { run: "r" }, own: 10, state: "R" },
      ]),
    );
    expect(named.map(({ pid }) => pid)).toEqual([100]);
    expect(named[0]).not.toHaveProperty("cpuPercent");
  });
});
