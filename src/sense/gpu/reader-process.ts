/**
 * Keeps the reading process going: hears its reports, gives it up when it falls silent, begins
 * another after a while. At most one that can't be ended is left behind. Never waits for anything.
 * Spawned by hand: it is never waited for, its lines are heard as they come for as long as we live, and
 * every supervisor beside a GPU would hold the 3 MiB of a library for children.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { ownProgram } from "../../own-files.ts";
import { elapsed } from "../../words/duration.ts";
import { ASLEEP } from "./find.ts";
import type { Task } from "./read-gpus.ts";
import { type GpuReport, type Message, unreadable } from "./report.ts";

/** Silence that a reading process is given up for. Opening a driver may take longer; in ms. */
const DEADLINE_MS = 3000;
const OPENING_MS = 20_000;
const CONFIRM_MS = 300;
/** A report is due once in a pace; what is slower is still no reason to give up. */
const PACES = 3;
/** Sources that are dear to ask are asked no oftener; in ms. */
const SLOWER_MS: Record<Task["source"], number> = { nvml: 0, "nvidia-smi": 2000, amd: 0, intel: 5000 };
/** Their figures speak for the present for so many paces; the policy would take them for old. */
const HOLDS = 3;
const RESTAMP_MS = 1000;
/** Wait before the next one, doubled up to the last; forgotten once one has held so long. */
const FIRST_WAIT_MS = 1000;
const LAST_WAIT_MS = 60_000;
const HELD_MS = 60_000;
const MOST_SAID = 400;

const PROGRAM = ownProgram("sense/gpu/read-gpus");

export interface Report {
  atMs: number;
  gpus: GpuReport[];
}

export interface Watching {
  /** Told of each call that was tried out. */
  onCall?: (call: Extract<Message, { is: "call" }>) => void;
  /** Whether beginning to read would wake a GPU. */
  asleep?: () => boolean;
}

export class ReaderWatch {
  #task: Task;
  readonly #onCall: NonNullable<Watching["onCall"]>;
  readonly #asleep: NonNullable<Watching["asleep"]>;
  #child: ChildProcess | null = null;
  /** Given up, killed, and not gone yet: it is stuck in the kernel. */
  #stuck: ChildProcess | null = null;
  #starting = false;
  #closed = false;
  #startedMs = 0;
  #heardMs = 0;
  #opened = false;
  #silentSinceMs: number | null = null;
  #waitMs = FIRST_WAIT_MS;
  #nextMs = Number.NEGATIVE_INFINITY;
  #nowMs = 0;
  #report: Report | null = null;
  #takenMs = Number.NEGATIVE_INFINITY;
  #problem: string | null = null;
  /** What the reader found: its source, and the driver's version. */
  hello: { source: string; driver: string | null } | null = null;

  constructor(task: Task, { onCall = () => {}, asleep = () => false }: Watching = {}) {
    this.#task = task;
    this.#onCall = onCall;
    this.#asleep = asleep;
  }

  /** The newest report, or why there is none. After a failure the GPUs stay, with the reason for each figure. */
  look(nowMs: number): Report | { unavailable: string } {
    this.#nowMs = nowMs;
    this.#giveUpIfSilent(nowMs);
    if (this.#child === null && !this.#starting && nowMs >= this.#nextMs) this.#begin(nowMs);
    if (this.#report !== null) return this.#held(this.#report, nowMs);
    return { unavailable: this.#problem ?? "the GPUs haven't been read yet" };
  }

  /** The reading process, for measuring; null while there is none. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** What has gone wrong since the last good report; null when nothing has. */
  get problem(): string | null {
    return this.#problem;
  }

  close(): void {
    this.#closed = true;
    this.#child?.kill("SIGKILL");
    this.#child = null;
  }

  get #paceMs(): number {
    return Math.max(this.#task.paceMs, SLOWER_MS[this.#task.source]);
  }

  #held(report: Report, nowMs: number): Report {
    const slow = SLOWER_MS[this.#task.source] > 0 && nowMs - this.#takenMs < HOLDS * this.#paceMs;
    if (slow && nowMs - report.atMs >= RESTAMP_MS) this.#report = { ...report, atMs: nowMs };
    return this.#report ?? report;
  }

  #begin(nowMs: number): void {
    if (this.#stuck !== null) {
      this.#fail(`a process that asked the driver (pid ${this.#stuck.pid}) hangs in it and can't be ended`);
      return;
    }
    if (this.#asleep()) {
      this.#fail(ASLEEP);
      return;
    }
    this.#starting = true;
    this.#startedMs = nowMs;
    // Starting a program takes milliseconds, which no tick should spend.
    setImmediate(() => {
      this.#starting = false;
      if (!this.#closed) this.#spawn();
    });
  }

  #spawn(): void {
    // In a session of its own, so that Ctrl-C in a terminal is the supervisor's alone.
    const child = spawn(
      process.execPath,
      [PROGRAM, JSON.stringify({ ...this.#task, paceMs: this.#paceMs })],
      {
        stdio: ["pipe", "pipe", "pipe"],
        detached: true,
      },
    );
    this.#child = child;
    this.#opened = false;
    this.#heardMs = this.#nowMs;
    this.#silentSinceMs = null;
    let said = "";
    let rest = "";
    child.stdin.on("error", () => {});
    child.stderr.on("data", (chunk: Buffer) => {
      said = `${said}${chunk}`.slice(-MOST_SAID);
    });
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      const lines = `${rest}${chunk}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (this.#child === child) this.#hear(line);
    });
    child.on("error", (problem) => this.#ended(child, `it can't be started: ${problem.message}`));
    child.on("exit", (code, signal) => {
      const last =
        said
          .trim()
          .split("\n")
          .findLast((line) => /^\w*Error/.test(line)) ?? "";
      this.#ended(child, `it ended with ${signal ?? `exit code ${code}`}${last === "" ? "" : `: ${last}`}`);
    });
    for (const one of [child, child.stdin, child.stdout, child.stderr]) (one as { unref?(): void }).unref?.();
  }

  #hear(line: string): void {
    let message: Message;
    try {
      message = JSON.parse(line);
    } catch {
      return;
    }
    this.#silentSinceMs = null;
    this.#heardMs = this.#nowMs;
    if (message.is === "hello") {
      this.hello = { source: message.source, driver: message.driver };
      this.#opened = true;
    } else if (message.is === "call") this.#onCall(message);
    else if (message.is === "report") {
      this.#report = { atMs: message.atMs, gpus: message.gpus };
      this.#takenMs = message.atMs;
      this.#problem = null;
      if (this.#nowMs - this.#startedMs >= HELD_MS) this.#waitMs = FIRST_WAIT_MS;
    } else if (message.is === "failed") {
      if (message.next !== undefined) this.#task = { ...this.#task, source: message.next };
      this.#child = null;
      this.#fail(message.reason, message.next === undefined ? message.retryMs : 0);
    }
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#stuck === child) this.#stuck = null;
    if (this.#child !== child) return;
    this.#child = null;
    if (!this.#closed) this.#fail(`the process that asks the driver has failed: ${how}`);
  }

  /** It has to be silent on for a while: after a sleep of our own its words may be waiting to be heard. */
  #giveUpIfSilent(nowMs: number): void {
    const child = this.#child;
    if (child === null) return;
    const limit = this.#opened ? Math.max(DEADLINE_MS, PACES * this.#paceMs) : OPENING_MS;
    if (nowMs - this.#heardMs < limit) return;
    if (this.#silentSinceMs === null) {
      this.#silentSinceMs = nowMs;
      return;
    }
    if (nowMs - this.#silentSinceMs < Math.max(CONFIRM_MS, 1.5 * this.#paceMs)) return;
    this.#child = null;
    this.#stuck = child;
    child.kill("SIGKILL");
    this.#fail(`the driver hasn't answered for ${elapsed(nowMs - this.#heardMs)}`);
  }

  #fail(reason: string, retryMs: number | null = null): void {
    this.#problem = reason;
    if (this.#report !== null)
      this.#report = { atMs: this.#nowMs, gpus: this.#report.gpus.map((gpu) => unreadable(gpu, reason)) };
    this.#nextMs = this.#nowMs + (retryMs === 0 ? 0 : Math.max(retryMs ?? 0, this.#waitMs));
    this.#waitMs = Math.min(LAST_WAIT_MS, this.#waitMs * 2);
  }
}
