/**
 * The calls to the CUDA driver, each in a real child, over the fake driver.
 * Covers: src/park/driver-calls.ts, src/park/park-child.ts, src/park/driver.ts, src/park/codes.ts,
 * src/park/lock-ms.ts, src/park/park-record.ts
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { parkRecord, runDirectory } from "../../src/files/state-paths.ts";
import type { DriverAnswer, DriverCall } from "../../src/model/park.ts";
import { DriverCalls } from "../../src/park/driver-calls.ts";
import { readParkRecord } from "../../src/park/park-record.ts";
import { makeRun } from "../decide/make.ts";
import { FakeCuda } from "../fakes/cuda/fake.ts";
import { FakeNvml } from "../fakes/nvml/fake.ts";
import { compiler, describeWith } from "../needs.ts";
import { until } from "../until.ts";

const run = makeRun({ id: "run-7" });
const HELD = 9000;
let state: string;
let driver: FakeNvml;
let cuda: FakeCuda;
let program: ChildProcess;
let calls: DriverCalls;
let number = 0;

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "supervisor-park-"));
  mkdirSync(runDirectory(state, run.id), { recursive: true });
  driver = new FakeNvml({ gpus: [{ used: HELD }] });
  program = spawn("sleep", ["1000"]);
});

afterEach(() => {
  calls.close();
  program.kill("SIGKILL");
  driver.close();
  rmSync(state, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

function begin(options: { lacking?: boolean } = {}, ...also: string[]): void {
  cuda = new FakeCuda(driver, options);
  for (const [name, value] of Object.entries(cuda.env)) vi.stubEnv(name, value);
  steer(...also);
  calls = new DriverCalls(state, () => {});
}

function steer(...also: string[]): void {
  const processes = [{ gpu: 0, pid: pidOf(), memory: HELD }];
  driver.set({ processes, also: [`cuda note ${cuda.notes}`, ...also] });
}

const pidOf = (): number => program.pid ?? 0;

function asked(call: DriverCall, pid = pidOf(), more: { guess?: true } = {}): void {
  number += 1;
  calls.ask({ do: "drive", job: "j", run, call, number, pid, heldMiB: 1000.7, ...more });
}

const answer = (): Promise<DriverAnswer> =>
  until("an answer", () => {
    const seen = calls.of(run.id);
    return seen?.number === number ? seen.answer : null;
  });

async function ask(call: DriverCall, pid?: number): Promise<DriverAnswer> {
  asked(call, pid);
  return await answer();
}

describeWith(compiler)("calls to the driver (need a C compiler)", () => {
  it("leave a record of the program from before the first until the driver says that it runs", async () => {
    begin();
    const away = () => readParkRecord(parkRecord(state, run.id))?.program ?? null;
    const seen: unknown[] = [];
    for (const call of ["lock", "checkpoint", "restore", "unlock"] as const) {
      await ask(call);
      seen.push(away());
    }
    const there = { pid: pidOf(), heldMiB: 1000.7 };
    expect(seen).toEqual([there, there, there, null]);
    steer("cuda version 12000");
    expect((await ask("lock")).impossible).toBe(true);
    expect(away()).toBeNull();
    expect((await ask("look")).impossible).toBe(true);
    // Whether it runs isn't known.
    expect(away()).toEqual(there);
  });

  it("about a program that is only guessed leave a record once the driver says that it was moved", async () => {
    begin();
    const seen: unknown[] = [];
    const guess = async (pid?: number): Promise<void> => {
      asked("look", pid, { guess: true });
      await answer();
      seen.push(readParkRecord(parkRecord(state, run.id))?.program.pid ?? null);
    };
    await guess(process.pid);
    await guess();
    for (const call of ["lock", "checkpoint"] as const) await ask(call);
    rmSync(parkRecord(state, run.id));
    await guess(process.pid);
    await guess();
    expect(seen).toEqual([null, null, null, pidOf()]);
  });

  it("move a program out and back, and tell its state after each", async () => {
    begin();
    const states: unknown[] = [];
    for (const call of ["look", "lock", "checkpoint", "look", "restore", "unlock"] as const) {
      const { state, why } = await ask(call);
      states.push(why ?? state);
    }
    expect(states).toEqual(["running", "locked", "checkpointed", "checkpointed", "locked", "running"]);
    expect(cuda.calls).toEqual(["lock 0", "checkpoint 0", "restore 0", "unlock 0"]);
  });

  it("tell a wrong state, a program without CUDA, and what the driver refuses", async () => {
    begin({}, "cuda fail lock 304");
    expect(await ask("checkpoint")).toMatchObject({
      state: "running",
      why: expect.stringContaining("CUDA 401"),
    });
    expect(await ask("lock")).toMatchObject({
      state: "running",
      why: expect.stringContaining("CAP_SYS_PTRACE"),
    });
    expect(await ask("lock", process.pid)).toMatchObject({
      state: null,
      impossible: true,
      why: "the program doesn't use CUDA (CUDA 3)",
    });
    steer("cuda ruin checkpoint 801");
    expect((await ask("lock")).state).toBe("locked");
    expect(await ask("checkpoint")).toMatchObject({
      state: "failed",
      why: expect.stringContaining("CUDA 801"),
    });
  });

  it("a restore without room fails with 2, and then for ever", async () => {
    begin();
    await ask("lock");
    await ask("checkpoint");
    const others = { gpu: 0, pid: process.pid, memory: 20_000 };
    driver.set({
      gpus: [{ used: HELD + 20_000 }],
      processes: [{ gpu: 0, pid: pidOf(), memory: HELD }, others],
    });
    expect(await ask("restore")).toMatchObject({
      state: "checkpointed",
      why: expect.stringContaining("CUDA 2)"),
    });
    driver.set({ gpus: [{ used: HELD }], processes: [{ gpu: 0, pid: pidOf(), memory: HELD }] });
    expect(await ask("restore")).toMatchObject({
      state: "checkpointed",
      why: expect.stringContaining("CUDA 304"),
    });
  });

  it.each([
    ["too old", {}, ["cuda version 12080"], "is of CUDA 12.8, and can't move VRAM"],
    ["without the calls", { lacking: true }, [], "can't move VRAM"],
  ])("a driver %s is told before anything is called", async (_, options, also, words) => {
    begin(options, ...also);
    expect(await ask("lock")).toMatchObject({
      impossible: true,
      state: null,
      why: expect.stringContaining(words),
    });
    expect(cuda.calls).toEqual([]);
  });

  it("a call that hangs is broken off, and the next one asks in peace", async () => {
    begin({}, "cuda hang unlock");
    await ask("lock");
    const { state, why } = await ask("unlock");
    expect([state, why]).toEqual([null, expect.stringContaining("'unlock' was broken off")]);
    expect((await ask("look")).state).toBe("locked");
  });

  it("a child waits for the one before it, of whichever supervisor", async () => {
    begin();
    const before = spawn("sleep", ["1000"]);
    writeFileSync(parkRecord(state, run.id), JSON.stringify({ pid: before.pid, startTime: null }));
    asked("lock");
    steer("cuda note /dev/null");
    // A later child of another run comes and goes meanwhile.
    const other = new DriverCalls(state, () => {});
    mkdirSync(runDirectory(state, "run-8"));
    const later = makeRun({ id: "run-8" });
    other.ask({ do: "drive", job: "k", run: later, call: "look", number: 1, pid: pidOf(), heldMiB: 0 });
    await until("that of the other run", () => other.of("run-8")?.answer);
    expect(cuda.stateOf(pidOf())).toBe("running");
    before.kill("SIGKILL");
    expect((await answer()).state).toBe("locked");
  });
});
