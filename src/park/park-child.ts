/**
 * One call of the CUDA driver about one program, in a process of its own, which can be given up: a call may hang
 * for ever. Prints the answer as one line of JSON. Never calls anything while a child before it is alive, or
 * once the supervisor that started it is gone: the next one asks for the state first.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { elapsedMs } from "../clock.ts";
import type { DriverAnswer, DriverCall } from "../model/park.ts";
import { isAlive, readStat } from "../sense/proc/process.ts";
import { isNoProgram, OK, words } from "./codes.ts";
import { Driver } from "./driver.ts";
import { readParkRecord, removeParkRecord, writeParkRecord } from "./park-record.ts";

export interface ParkTask {
  /** `able`: only whether this driver has the calls. */
  call: DriverCall | "able";
  pid: number;
  /** What it holds, or held before it was moved. */
  heldMiB: number;
  /** It may well be no program that was ever moved: nothing is noted of it before the driver says that it was. */
  guess?: true;
  /** The process that waits for the answer. */
  parent: number;
  /** Where the record of this run is. */
  record: string;
}

const LOOK_MS = 20;

const { call, pid, heldMiB, guess, parent, record } = JSON.parse(process.argv[2] ?? "{}") as ParkTask;

async function answer(): Promise<DriverAnswer> {
  const before = readParkRecord(record);
  while (before !== null && isAlive(before.pid, before.startTime)) await sleep(LOOK_MS);
  const startTime = readStat(process.pid)?.startTime ?? null;
  const note = (): void =>
    writeParkRecord(record, { pid: process.pid, startTime, program: { pid, heldMiB } });
  if (!guess) note();
  const answer = await called();
  const untouched = (guess || call === "lock") && answer.impossible === true;
  if (answer.state === "running" || untouched) removeParkRecord(record);
  else if (guess) note();
  return answer;
}

async function called(): Promise<DriverAnswer> {
  const driver = opened();
  if (typeof driver === "string") return { state: null, ms: 0, why: driver, impossible: true };
  const { lack } = driver;
  if (lack !== null) return { state: null, ms: 0, why: lack, impossible: true };
  if (call === "able") return { state: "running", ms: 0 };
  if (process.ppid !== parent) return { state: null, ms: 0, why: "the supervisor is gone" };
  const began = elapsedMs();
  const code = call === "look" ? OK : driver.call(call, pid);
  const ms = elapsedMs() - began;
  const state = driver.stateOf(pid);
  const failed = code !== OK ? code : typeof state === "number" ? state : null;
  return {
    state: typeof state === "number" ? null : state,
    ms,
    ...(failed !== null && { why: words(failed), code: failed }),
    ...(typeof state === "number" && isNoProgram(state) && { impossible: true as const }),
  };
}

/** As text: why it can't be loaded. */
function opened(): Driver | string {
  try {
    return new Driver();
  } catch (problem) {
    return `the CUDA driver can't be loaded (${(problem as Error).message})`;
  }
}

try {
  process.stdout.write(`${JSON.stringify(await answer())}\n`);
} catch (problem) {
  const why = `the CUDA driver can't be asked: ${(problem as Error).message}`;
  process.stdout.write(`${JSON.stringify({ state: null, ms: 0, why })}\n`);
}
