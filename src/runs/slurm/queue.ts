/**
 * What Slurm's queue shows of our jobs: one call for all of them, outside of the tick, no oftener than asked for.
 * A controller that doesn't answer leaves the last view as it was, with the time since which nothing is known. Must
 * never take silence for an empty queue.
 */
import { elapsedMs, wallMs } from "../../clock.ts";
import { type Answer, ask } from "./commands.ts";
import { parseQueue, type QueueEntry } from "./queue-entry.ts";

export interface QueueView {
  /** When the call that gave it began, on this process's own clock: what happened later may not show in it. */
  beganMs: number;
  byId: ReadonlyMap<number, QueueEntry>;
  byToken: ReadonlyMap<string, QueueEntry>;
}

export interface Silence {
  /** Wall time since which nothing is known. */
  sinceMs: number;
  /** Half a sentence. */
  reason: string;
}

/** After a failed call the next one waits at least so long. */
const AFTER_SILENCE_MS = 2000;

export class SlurmQueue {
  #view: QueueView | null = null;
  #silence: Silence | null = null;
  #look: Promise<void> | null = null;
  #endedMs = Number.NEGATIVE_INFINITY;
  readonly #wake: () => void;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** Null before the first answer. */
  get view(): QueueView | null {
    return this.#view;
  }

  /** Null while the controller answers. */
  get silence(): Silence | null {
    return this.#silence;
  }

  /** Has it looked at unless a look is under way or ended less than `everyMs` ago. Returns at once. */
  keepFresh(everyMs: number): void {
    const due = Math.max(everyMs, this.#silence === null ? 0 : AFTER_SILENCE_MS);
    if (this.#look === null && elapsedMs() - this.#endedMs >= due) void this.#lookNow();
  }

  /** A view that began after this call; null where the controller doesn't answer. */
  async fresh(): Promise<QueueView | null> {
    const since = elapsedMs();
    if (this.#look !== null) await this.#look;
    await (this.#look ?? this.#lookNow());
    return this.#view !== null && this.#view.beganMs >= since ? this.#view : null;
  }

  #lookNow(): Promise<void> {
    const look = this.#read().finally(() => {
      this.#look = null;
      this.#endedMs = elapsedMs();
      this.#wake();
    });
    this.#look = look;
    return look;
  }

  async #read(): Promise<void> {
    const beganMs = elapsedMs();
    const answer = await ask("squeue", ["--json", "--me", "--states=all"]);
    const entries = entriesOf(answer);
    if (typeof entries === "string") {
      this.#silence = { sinceMs: this.#silence?.sinceMs ?? wallMs(), reason: entries };
      return;
    }
    this.#silence = null;
    this.#view = {
      beganMs,
      byId: new Map(entries.map((entry) => [entry.id, entry])),
      byToken: new Map(entries.map((entry) => [entry.token, entry])),
    };
  }
}

/** Our own user's, since `--me` is ignored by some versions; or half a sentence on why nothing is known. */
function entriesOf(answer: Answer): QueueEntry[] | string {
  if (!answer.ok) return answer.reason;
  try {
    const uid = process.getuid?.();
    return parseQueue(answer.stdout).filter((entry) => entry.uid === uid);
  } catch (error) {
    return `squeue --json says nothing of them: ${(error as Error).message}`;
  }
}
