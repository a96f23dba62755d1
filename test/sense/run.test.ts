import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LiveRun } from "../../src/ports.ts";
import { readStat } from "../../src/sense/process.ts";
import { processesOf, readExit, readPidRecord } from "../../src/sense/run.ts";
import { rounds } from "../rounds.ts";
import { until, untilHolds } from "../until.ts";

let directory: string;
const children: ChildProcess[] = [];
const strays: number[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sense-run-"));
});
afterEach(() => {
  for (const child of children.splice(0)) {
    try {
      if (child.pid) process.kill(-child.pid, "SIGKILL");
    } catch {
      // The whole group has ended already.
    }
  }
  for (const pid of strays.splice(0)) process.kill(pid, "SIGKILL");
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

function startRun(script: string): LiveRun {
  const id = `run-${process.pid}-${Math.floor(performance.now())}`;
  const env = { ...process.env, SUPERVISOR_RUN_ID: id };
  const child = spawn("/bin/sh", ["-c", script], { detached: true, stdio: "ignore", env });
  children.push(child);
  return { id, job: "j", launcherPid: child.pid ?? null, pid: null, cpuCgroup: null };
}

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

describe("the processes of a run", () => {
  it("are its tree without the launcher, parents first", async () => {
    const run = startRun("sh -c 'sleep 1000 & sleep 1001; :'; :");
    // A process that is just becoming another program shows its parent's command line, or none.
    await untilHolds(() => {
      const found = processesOf(run);
      expect(found.map(({ pid }) => pid)).not.toContain(run.launcherPid);
      const [first, ...below] = found.map(({ command }) => command);
      expect(first).toMatch(/^sh -c/);
      expect(below.sort()).toEqual(["sleep 1000", "sleep 1001"]);
    });
  });

  it("that left the tree are found by a scan", async () => {
    const run = startRun("(setsid sleep 1003 &); sleep 1000");
    const found = await until("the stray", () => {
      const stray = processesOf(run, { scan: true }).find(({ command }) => command === "sleep 1003");
      return stray && readStat(stray.pid)?.parent !== run.launcherPid ? stray : null;
    });
    strays.push(found.pid);
    await untilHolds(() => expect(processesOf(run).map(({ command }) => command)).toEqual(["sleep 1000"]));
  });

  it("aren't those of somebody who got the pid later", async () => {
    const run = startRun("exec sleep 1000");
    const pid = run.launcherPid ?? 0;
    const startTime = (await until("it", () => readStat(pid))).startTime;
    const job = { ...run, launcherPid: null, pid };
    expect(processesOf({ ...job, startTime })).toHaveLength(1);
    expect(processesOf({ ...job, startTime: startTime + 1 })).toEqual([]);
  });
});
