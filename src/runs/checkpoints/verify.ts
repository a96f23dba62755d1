/**
 * Checks every byte of checkpoints in the background, one at a time, and remembers the verdicts. Must
 * never call a checkpoint bad because the check itself failed: it tries again, and until then there is
 * no verdict. One that can't be read for ten minutes counts as bad, so that an older one can be used.
 */
import { statSync } from "node:fs";
import { elapsedMs } from "../../clock.ts";
import type { Checkpoint } from "../../model/run.ts";
import { Helper } from "../../spawn/helper.ts";
import type { Verdict } from "./verify-child.ts";

const CHILD = new Helper("runs/checkpoints/verify-child", "no checkpoint is verified and no job resumes");
const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 30_000;
/** A disk or a server that fails for so long is broken, and the checkpoint with it: an older one may be readable. */
const UNREADABLE_MS = 600_000;

export class Verifier {
  readonly #verdicts = new Map<string, Verdict>();
  readonly #queue: Checkpoint[] = [];
  readonly #onVerdict: () => void;
  readonly #stop = new AbortController();
  /** Since when a checkpoint couldn't be read, by its key. */
  readonly #unreadable = new Map<string, number>();
  #working: Promise<void> | null = null;
  /** Number of verdicts so far; a cached list of an older version is stale. */
  version = 0;

  constructor(onVerdict: () => void) {
    this.#onVerdict = onVerdict;
  }

  /** Queues a check, unless it is queued or done. Returns at once. */
  verify(checkpoint: Checkpoint): void {
    // Asked at every tick while it is queued: the disk isn't, then.
    if (this.#queue.some((queued) => isSame(queued, checkpoint)) || this.#verdicts.has(keyOf(checkpoint)))
      return;
    this.#queue.push(checkpoint);
    this.#working ??= this.#work();
  }

  /** Null until the check is done. A rewritten checkpoint needs a new verdict. */
  verdictOf(checkpoint: Checkpoint): Verdict | null {
    return this.#verdicts.get(keyOf(checkpoint)) ?? null;
  }

  /** Aborts a check under way; a later verify() repeats it. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#working;
  }

  async #work(): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    for (let next = this.#queue[0]; next && !this.#stop.signal.aborted; next = this.#queue[0]) {
      // What is put in its place meanwhile, as by a restore, isn't what was read.
      const key = keyOf(next);
      const verdict = await readThrough(next.path, this.#stop.signal);
      this.#queue.shift();
      if (verdict !== null && this.#isFinal(key, verdict)) {
        this.#verdicts.set(key, verdict);
        this.version += 1;
        retryMs = FIRST_RETRY_MS;
        this.#onVerdict();
      } else if (!this.#stop.signal.aborted) {
        // Behind the others, which may be on another disk.
        this.#queue.push(next);
        await pause(retryMs, this.#stop.signal);
        retryMs = Math.min(LONGEST_RETRY_MS, retryMs * 2);
      }
    }
    this.#working = null;
  }

  #isFinal(key: string, verdict: Verdict): boolean {
    if (verdict.ok || !verdict.unreadable) {
      this.#unreadable.delete(key);
      return true;
    }
    const sinceMs = this.#unreadable.get(key) ?? elapsedMs();
    this.#unreadable.set(key, sinceMs);
    CHILD.fails(verdict.reason);
    return elapsedMs() - sinceMs >= UNREADABLE_MS;
  }
}

/** Null without a verdict: the child was killed, or could not be started. */
async function readThrough(path: string, signal: AbortSignal): Promise<Verdict | null> {
  const done = await CHILD.run([path], { signal });
  if (done.ok) return JSON.parse(done.stdout) as Verdict;
  if (done.why !== "stopped" && done.why !== "missing") CHILD.fails(done.reason);
  return null;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms).unref();
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** As far as a list of checkpoints tells. */
export const isSame = (one: Checkpoint, other: Checkpoint | null): boolean =>
  one.path === other?.path && one.createdAtMs === other.createdAtMs && one.bytes === other.bytes;

/** One that came back from a backup has the path, time and size of the one that was lost, and is another. */
function keyOf({ path, createdAtMs, bytes }: Checkpoint): string {
  return [path, createdAtMs, bytes, identityOf(path)].join("\0");
}

/** Empty where it isn't there, or can't be looked at now. */
function identityOf(path: string): string {
  try {
    const { dev, ino, ctimeMs } = statSync(path);
    return [dev, ino, ctimeMs].join(" ");
  } catch {
    return "";
  }
}
