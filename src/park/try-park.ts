/**
 * Parks a tiny CUDA program of our own and brings it back, for `doctor --try-park`: what each call returned, and
 * how long it took. Takes seconds to a minute; touches no other program.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { elapsedMs } from "../clock.ts";
import type { DriverAnswer, DriverCall, DriverState } from "../model/park.ts";
import { Helper } from "../spawn/helper.ts";
import { lastWords } from "../spawn/run-child.ts";
import type { ProgramTask } from "./cuda-program.ts";
import { driveOnce } from "./driver-calls.ts";

const PROGRAM = new Helper("park/cuda-program", "parking can't be tried");
const MIB = 64;
const READY_MS = 60_000;
const WHOLE_MS = 300_000;
const LOOK_MS = 20;

export interface TriedCall {
  call: DriverCall;
  ms: number;
  state: DriverState | null;
  why?: string;
}

export interface TriedPark {
  /** Why it can't work, half a sentence; null where the program came back with all that it held. */
  fails: string | null;
  calls: TriedCall[];
}

const CYCLE: [call: Exclude<DriverCall, "look">, to: DriverState][] = [
  ["lock", "locked"],
  ["checkpoint", "checkpointed"],
  ["restore", "locked"],
  ["unlock", "running"],
];

/** @param gpu its index among those that CUDA shows us */
export async function tryPark(gpu: number): Promise<TriedPark> {
  const folder = mkdtempSync(join(tmpdir(), "supervisor-park-"));
  const task: ProgramTask = { folder, gpu, mib: MIB };
  const program = PROGRAM.run([JSON.stringify(task)], { timeoutMs: WHOLE_MS, killSignal: "SIGKILL" });
  let over = false;
  void program.then(() => {
    over = true;
  });
  try {
    const pid = await readyPid(join(folder, "ready"), () => over);
    const tried = pid === null ? { fails: null, calls: [] } : await cycle(pid, join(folder, "record"));
    writeFileSync(join(folder, "compare"), "");
    const done = await program;
    if (tried.fails !== null) return tried;
    if (!done.ok)
      return { ...tried, fails: `a CUDA program of its own fails: ${lastWords(done.stderr) || done.reason}` };
    if (pid === null) return { ...tried, fails: "a CUDA program of its own didn't begin in time" };
    return { ...tried, fails: done.stdout === "same" ? null : "what it held came back changed" };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function readyPid(file: string, isOver: () => boolean): Promise<number | null> {
  const end = elapsedMs() + READY_MS;
  while (!existsSync(file)) {
    if (isOver() || elapsedMs() > end) return null;
    await sleep(LOOK_MS);
  }
  return Number(readFileSync(file, "utf8"));
}

async function cycle(pid: number, record: string): Promise<TriedPark> {
  const calls: TriedCall[] = [];
  const make = async (call: DriverCall): Promise<DriverAnswer> => {
    const answer = await driveOnce({ call, pid, heldMiB: MIB, parent: process.pid, record });
    const { state, ms, why } = answer;
    calls.push({ call, ms, state, ...(why !== undefined && { why }) });
    return answer;
  };
  for (const [call, to] of CYCLE) {
    const { why = "the state isn't what it should be", ...made } = await make(call);
    const state = made.state ?? (await make("look")).state;
    if (state === to) continue;
    // So that it can end: a locked program hangs in its next call.
    if (state === "locked") await make("unlock");
    return { fails: `'${call}': ${why}`, calls };
  }
  return { fails: null, calls };
}

/** Why the driver here can't park any program, half a sentence; null where it has what that takes. */
export async function driverLack(): Promise<string | null> {
  const folder = mkdtempSync(join(tmpdir(), "supervisor-park-"));
  try {
    const task = {
      call: "able" as const,
      pid: process.pid,
      heldMiB: 0,
      parent: process.pid,
      record: join(folder, "record"),
    };
    const { impossible, why, state } = await driveOnce(task);
    return impossible || (state === null && why !== undefined) ? (why ?? null) : null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
