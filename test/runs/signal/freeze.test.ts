/** Covers: src/runs/signal/stopped.ts */
import { execFileSync } from "node:child_process";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { processesOf } from "../../../src/sense/owners/run-processes.ts";
import {
  child,
  givenJob,
  givenState,
  hasPython,
  setNoCgroup,
  start,
  until,
  WITH_AND_WITHOUT_CGROUP,
} from "../given.ts";

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

describe.each(WITH_AND_WITHOUT_CGROUP)("%s", (_, noCgroup) => {
  test("freezing a forking tree leaves none running, thawing brings all back, killing ends all", async () => {
    setNoCgroup(noCgroup);
    const state = givenState();
    const beats = join(state, "beats");
    const it = await start(state, givenJob(["node", child("act-forking"), "3", beats]));
    const processes = () => processesOf(it.runs.live(it.run, "job"), { scan: true });
    const running = (part: string) => processes().filter(({ command }) => command.includes(part)).length;
    await until(
      "three generations, each with a shell",
      () => running("act-forking") === 3 && running("while") >= 3,
    );
    for (let round = 0; round < 3; round++) {
      expect(await it.perform("freeze")).toEqual({ ok: true });
      const frozen = processes();
      expect(frozen.length).toBeGreaterThan(3);
      // D: a shell inside vfork(), whose child was stopped before it became another program.
      expect(frozen.filter(({ state }) => state !== "T" && state !== "D")).toEqual([]);
      expect(it.see("frozen").stopped).toBe(true);
      const before = sizeOf(beats);
      // Nobody is left who could start another one: the same processes, and not a beat.
      expect(processes().map(({ pid }) => pid)).toEqual(frozen.map(({ pid }) => pid));
      expect(sizeOf(beats)).toBe(before);

      expect(await it.perform("thaw")).toEqual({ ok: true });
      expect(it.see("frozen").stopped).toBe(false);
      await until("beats again", () => sizeOf(beats) > before + 5);
    }
    await it.perform("freeze");
    expect(await it.perform("kill")).toEqual({ ok: true });
    expect(await it.end()).toMatchObject({
      exit: { known: true, code: 137, signal: "SIGKILL" },
      leftovers: [],
    });
    expect(processes()).toEqual([]);
  });
});

test.runIf(hasPython)(
  "a parent that waits in the kernel for its stopped vfork()ed child counts as frozen",
  async () => {
    const state = givenState();
    const fifo = join(state, "fifo");
    execFileSync("mkfifo", [fifo]);
    // The child opens the pipe before it becomes `true`, and no process writes: the parent waits inside vfork().
    const program = `import os, sys
child = os.posix_spawn("/bin/true", ["true"], {}, file_actions=[(os.POSIX_SPAWN_OPEN, 0, sys.argv[1], os.O_RDONLY, 0)])
os.waitpid(child, 0)
sys.exit(5)`;
    const it = await start(state, givenJob(["python3", "-c", program, fifo]));
    const processes = () => processesOf(it.runs.live(it.run, "job"));
    await until("a parent in vfork()", () => it.see().pid && processes().some(({ state }) => state === "D"));
    expect(it.see("frozen").stopped).toBe(false);
    expect(await it.perform("freeze")).toEqual({ ok: true });
    expect(it.see("frozen").stopped).toBe(true);
    expect(await it.perform("thaw")).toEqual({ ok: true });
    expect(it.see("frozen").stopped).toBe(false);
    writeFileSync(fifo, "");
    expect(await it.end()).toMatchObject({ exit: { known: true, code: 5 } });
  },
);

/** Leaves the tree and its session again and again: each of its processes forks the next one and ends. */
const HOPPING = `import os, sys, time
if os.fork():
    time.sleep(1000)
while True:
    os.setsid()
    open(sys.argv[1], "a").write("x")
    time.sleep(0.015)
    if os.fork():
        os._exit(0)`;

test.runIf(hasPython)(
  "jobs whose processes leave their trees are frozen at the same moment, every one",
  async () => {
    setNoCgroup("1");
    const jobs = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const state = givenState();
        const beats = join(state, "beats");
        return { beats, it: await start(state, givenJob(["python3", "-c", HOPPING, beats])) };
      }),
    );
    const counts = (): number[] => jobs.map(({ beats }) => sizeOf(beats));
    await until("all to hop", () => counts().every((count) => count > 5));
    for (let round = 0; round < 5; round++) {
      // On a starved machine a try may end without having caught them all; what it says to be frozen must be.
      await until("all to be frozen", async () => {
        const frozen = await Promise.all(jobs.map(({ it }) => it.perform("freeze")));
        return frozen.every(({ ok }) => ok);
      });
      const before = counts();
      await wait(150);
      expect(counts()).toEqual(before);
      expect(await Promise.all(jobs.map(({ it }) => it.perform("thaw")))).toEqual(
        jobs.map(() => ({ ok: true })),
      );
      await until("all to hop again", () => counts().every((count, i) => count > (before[i] ?? 0) + 3));
    }
  },
);

test("freezing and thawing a run that is over is nothing", async () => {
  const it = await start(givenState(), givenJob(["node", "-e", ""]));
  await it.end();
  expect(await it.perform("freeze")).toEqual({ ok: true });
  expect(await it.perform("thaw")).toEqual({ ok: true });
  expect(await it.perform("kill")).toEqual({ ok: true });
  expect(it.see("frozen").stopped).toBe(false);
});
