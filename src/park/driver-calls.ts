/**
 * Asks the CUDA driver what the lifecycle wants of it: each call in a child of its own that is killed at a
 * deadline, one at a time for each run, apart from the tick. Remembers the last call of each run and its answer,
 * nothing else; decides nothing.
 */
import { parkRecord } from "../files/state-paths.ts";
import type { Effect } from "../model/effect.ts";
import type { DriverAnswer, ParkSeen } from "../model/park.ts";
import { Helper } from "../spawn/helper.ts";
import { LOCK_MS } from "./lock-ms.ts";
import type { ParkTask } from "./park-child.ts";

type Drive = Extract<Effect, { do: "drive" }>;

const CHILD = new Helper("park/park-child", "no job is parked and none that is comes back");
/** With the start of the child, which takes seconds on a machine under pressure. */
const SHORT_MS = 15_000;
/** More than the slowest that was reported (2.5 s for each GiB out, on its first time). */
const MOVE_MS = 60_000;
const MOVE_MS_PER_GIB = 5000;

export class DriverCalls {
  readonly #stateDirectory: string;
  readonly #wake: () => void;
  readonly #asked = new Map<string, ParkSeen>();
  /** By run: the end of its last call. */
  readonly #busy = new Map<string, Promise<void>>();
  readonly #end = new AbortController();

  /** `wake`: called when an answer is there. */
  constructor(stateDirectory: string, wake: () => void) {
    this.#stateDirectory = stateDirectory;
    this.#wake = wake;
  }

  of(run: string): ParkSeen | undefined {
    return this.#asked.get(run);
  }

  /** Returns at once. A call that was asked for already isn't repeated. */
  ask({ run, call, number, pid, heldMiB, guess }: Drive): void {
    if (this.#asked.get(run.id)?.number === number) return;
    this.#asked.set(run.id, { number, answer: null });
    const before = this.#busy.get(run.id) ?? Promise.resolve();
    const asked = before.then(async () => {
      // The next call has come while this one waited for its turn.
      if (this.#asked.get(run.id)?.number !== number) return;
      const record = parkRecord(this.#stateDirectory, run.id);
      const task = { call, pid, heldMiB, parent: process.pid, record, ...(guess && { guess }) };
      // Also at our own end it is killed: the next supervisor asks what it has left.
      const answer = await driveOnce(task, this.#end.signal);
      if (this.#asked.get(run.id)?.number !== number) return;
      this.#asked.set(run.id, { number, answer });
      this.#wake();
    });
    this.#busy.set(run.id, asked);
  }

  forget(run: string): void {
    this.#asked.delete(run);
    this.#busy.delete(run);
  }

  close(): void {
    this.#end.abort();
  }
}

/** One call in a child; what the program holds decides how long a move may take. */
export async function driveOnce(task: ParkTask, signal?: AbortSignal): Promise<DriverAnswer> {
  const timeoutMs = deadlineMs(task);
  const options = { timeoutMs, killSignal: "SIGKILL", ...(signal && { signal }) } as const;
  const done = await CHILD.run([JSON.stringify(task)], options);
  if (!done.ok) return { state: null, ms: timeoutMs, why: `'${task.call}' was broken off: ${done.reason}` };
  return JSON.parse(done.stdout) as DriverAnswer;
}

function deadlineMs({ call, heldMiB }: ParkTask): number {
  if (call === "lock") return LOCK_MS + SHORT_MS;
  if (call !== "checkpoint" && call !== "restore") return SHORT_MS;
  return Math.ceil(MOVE_MS + (heldMiB / 1024) * MOVE_MS_PER_GIB);
}
