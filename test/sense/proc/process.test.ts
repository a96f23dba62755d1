import { type ChildProcess, spawn } from "node:child_process";
import { afterEach, describe, expect, it } from "vitest";
import {
  catches,
  isAlive,
  readChildren,
  readCommand,
  readRunId,
  readStat,
} from "../../../src/sense/proc/process.ts";
import { until } from "../../until.ts";

const children: ChildProcess[] = [];
const start = (command: string, argv: string[], env: NodeJS.ProcessEnv = process.env): number => {
  const child = spawn(command, argv, { stdio: "ignore", env });
  children.push(child);
  return child.pid ?? 0;
};
const script = (text: string): number => start("/bin/sh", ["-c", text]);
const shown = (pid: number): string => {
  const stat = readStat(pid);
  return stat ? readCommand(stat) : "";
};

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

describe("alive", () => {
  it("is this process, but not with another start time", () => {
    const stat = readStat(process.pid);
    expect(isAlive(process.pid, stat?.startTime ?? 0)).toBe(true);
    expect(isAlive(process.pid, null)).toBe(true);
    expect(isAlive(process.pid, (stat?.startTime ?? 0) + 1)).toBe(false);
  });

  it("isn't a zombie, although its pid can still be signalled", async () => {
    // The shell becomes a program that never waits for the child it already has.
    const parent = script("sleep 0.1 & exec sleep 1000");
    const zombie = await until("its child", () => readChildren(parent)[0]);
    await until("a zombie", () => readStat(zombie)?.state === "Z");
    expect(process.kill(zombie, 0)).toBe(true);
    expect(isAlive(zombie, readStat(zombie)?.startTime ?? null)).toBe(false);
  });

  it("is a stopped process", async () => {
    const pid = start("sleep", ["1000"]);
    process.kill(pid, "SIGSTOP");
    await until("it to be stopped", () => readStat(pid)?.state === "T");
    expect(isAlive(pid, readStat(pid)?.startTime ?? null)).toBe(true);
  });

  it("isn't a pid that nobody has", () => {
    expect(isAlive(2 ** 22 + 1, null)).toBe(false);
    expect(readStat(2 ** 22 + 1)).toBeNull();
  });
});

describe("a signal", () => {
  it("is caught or not, and that can change", async () => {
    const pid = start(process.execPath, [
      "-e",
      "process.on('SIGUSR2', () => {}); setInterval(() => {}, 1000)",
    ]);
    await until("its handler", () => catches(pid, "SIGUSR2"));
    expect(catches(pid, "SIGHUP")).toBe(false);
  });

  it("isn't caught by a program that doesn't know it", async () => {
    const pid = start("sleep", ["1000"]);
    await until("its program", () => shown(pid).startsWith("sleep"));
    expect(catches(pid, "SIGUSR2")).toBe(false);
  });

  it("is unknown of a process that is gone", () => {
    expect(catches(2 ** 22 + 1, "SIGUSR2")).toBeNull();
  });
});

describe("a process", () => {
  it("shows its run, and no run where it has none", async () => {
    const ours = start("sleep", ["1000"], { ...process.env, SUPERVISOR_RUN_ID: "run-7" });
    await until("its run", () => readRunId(ours, "SUPERVISOR_RUN_ID") === "run-7");
    const other = start("sleep", ["1000"], { NOT_SUPERVISOR_RUN_ID: "run-7", PATH: process.env.PATH });
    await until("its program", () => shown(other).startsWith("sleep"));
    expect(readRunId(other, "SUPERVISOR_RUN_ID")).toBeNull();
    expect(readRunId(2 ** 22 + 1, "SUPERVISOR_RUN_ID")).toBeUndefined();
  });

  it("has a command line in which nothing can move the cursor", async () => {
    const pid = start(process.execPath, ["-e", "setInterval(() => {}, 1000)", "a\u001b[2Jb", "größe"]);
    await until("its arguments", () => shown(pid).includes("größe"));
    expect(shown(pid)).toMatch(/a \[2Jb größe$/);
  });

  it("has children that were started from any of its threads", async () => {
    const code = `const { Worker } = require("node:worker_threads");
      new Worker('require("node:child_process").execFileSync("sleep", ["1000"])', { eval: true });`;
    const pid = start(process.execPath, ["-e", code]);
    const child = await until("its child", () => readChildren(pid)[0]);
    expect(readStat(child)?.parent).toBe(pid);
    process.kill(child, "SIGKILL");
  });
});
