/**
 * Supervises the reader process: takes its reports, gives it up when it falls silent, restarts it after a
 * back-off. Leaves at most one behind that can't be killed. Must never wait.
 */
import type { ChildProcess } from "node:child_process";
import { elapsed } from "../../../words/duration.ts";
import { ASLEEP } from "../find.ts";
import { type GpuReport, type Message, unreadable } from "../report.ts";
import type { Task } from "./read-gpus.ts";
import { spawnReader } from "./spawn-reader.ts";

/** Silence after which a reader is given up, in ms. Opening a driver may take longer. */
const DEADLINE_MS = 3000;
const OPENING_MS = 20_000;
const CONFIRM_MS = 300;
/** A reader is given up no sooner than this many paces; a report is due every pace. */
const PACES = 3;
/** Shortest pace of expensive sources, in ms; 0 for all others. */
const slowerMs = ({ source, rarely }: Task): number => (source === "nvidia-smi" ? 2000 : rarely ? 5000 : 0);
/** Their readings are restamped for this many paces, or the policy would treat them as stale. */
const HOLDS = 3;
const RESTAMP_MS = 1000;
/** Back-off before a restart, doubled up to the limit; reset once a reader has lasted long enough. In ms. */
const FIRST_WAIT_MS = 1000;
const LAST_WAIT_MS = 60_000;
const HELD_MS = 60_000;

export interface Report {
  atMs: number;
  gpus: GpuReport[];
}

export interface Watching {
  /** Called before and after each call of the driver. */
  onCall?: (call: Extract<Message, { is: "call" }>) => void;
  /** Whether starting a reader would wake a GPU. */
  asleep?: () => boolean;
}

export class ReaderWatch {
  readonly #first: Task;
  #task: Task;
  /** Why the first source couldn't be opened, while another stands in for it. */
  #unopened = "";
  readonly #onCall: NonNullable<Watching["onCall"]>;
  readonly #asleep: NonNullable<Watching["asleep"]>;
  #child: ChildProcess | null = null;
  /** Given up and killed, but not gone: stuck in the kernel. */
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
  /** The reader's source and the driver's version; null until it has opened the driver. */
  hello: { source: string; driver: string | null } | null = null;

  constructor(task: Task, { onCall = () => {}, asleep = () => false }: Watching = {}) {
    this.#first = task;
    this.#task = task;
    this.#onCall = onCall;
    this.#asleep = asleep;
  }

  /** The newest report, or why there is none. After a failure the GPUs stay, with the reason in place of each value. */
  look(nowMs: number): Report | { unavailable: string } {
    this.#nowMs = nowMs;
    this.#giveUpIfSilent(nowMs);
    if (this.#child === null && !this.#starting && nowMs >= this.#nextMs) this.#begin(nowMs);
    if (this.#report !== null) return this.#held(this.#report, nowMs);
    return { unavailable: this.#problem ?? "the GPUs haven't been read yet" };
  }

  /** Pid of the reader, for measurements; null while there is none. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** It has failed, and the next try isn't due yet. */
  get waits(): boolean {
    return this.#child === null && !this.#starting && this.#nowMs < this.#nextMs;
  }

  /** Why the source in use stands in for the first; null while none does. */
  get unopened(): string | null {
    return this.#task === this.#first ? null : this.#unopened;
  }

  /** What has failed since the last good report; null when nothing has. */
  get problem(): string | null {
    return this.#problem;
  }

  close(): void {
    this.#closed = true;
    this.#child?.kill("SIGKILL");
    this.#child = null;
  }

  get #paceMs(): number {
    return Math.max(this.#task.paceMs, slowerMs(this.#task));
  }

  #held(report: Report, nowMs: number): Report {
    const slow = slowerMs(this.#task) > 0 && nowMs - this.#takenMs < HOLDS * this.#paceMs;
    if (slow && nowMs - report.atMs >= RESTAMP_MS) this.#report = { ...report, atMs: nowMs };
    return this.#report ?? report;
  }

  #begin(nowMs: number): void {
    if (this.#stuck !== null) {
      this.#fail(`a process that called the driver (pid ${this.#stuck.pid}) hangs in it and can't be killed`);
      return;
    }
    if (this.#asleep()) {
      this.#fail(ASLEEP);
      return;
    }
    this.#starting = true;
    this.#startedMs = nowMs;
    // Starting a program takes milliseconds; keep them out of the tick.
    setImmediate(() => {
      this.#starting = false;
      if (!this.#closed) this.#spawn();
    });
  }

  #spawn(): void {
    const child: ChildProcess = spawnReader(
      { ...this.#task, paceMs: this.#paceMs },
      {
        line: (line) => {
          if (this.#child === child) this.#hear(line);
        },
        end: (how) => this.#ended(child, how),
      },
    );
    this.#child = child;
    this.#opened = false;
    this.#heardMs = this.#nowMs;
    this.#silentSinceMs = null;
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
      this.#child = null;
      if (message.next !== undefined) {
        this.#unopened = message.reason;
        this.#task = { ...this.#task, source: message.next };
        this.#fail(message.reason, 0);
      } else
        this.#fail(
          this.#task === this.#first ? message.reason : `${this.#unopened}; ${message.reason}`,
          message.retryMs,
        );
    }
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#stuck === child) this.#stuck = null;
    if (this.#child !== child) return;
    this.#child = null;
    if (!this.#closed) this.#fail(`the process that reads the driver has failed: ${how}`);
  }

  /** Requires continued silence: after our own suspend, the reader's output may still be queued. */
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
    // What couldn't be opened once is tried first again.
    if (retryMs !== 0) this.#task = this.#first;
    if (this.#report !== null)
      this.#report = {
        atMs: this.#nowMs,
        gpus: this.#report.gpus.map((gpu) => ({
          ...unreadable(gpu, reason),
          ...(reason === ASLEEP && { asleep: true as const }),
        })),
      };
    this.#nextMs = this.#nowMs + (retryMs === 0 ? 0 : Math.max(retryMs ?? 0, this.#waitMs));
    this.#waitMs = Math.min(LAST_WAIT_MS, this.#waitMs * 2);
  }
}
