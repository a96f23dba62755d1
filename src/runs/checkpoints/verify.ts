/**
 * Checks every byte of checkpoints in the background, one at a time, and remembers the verdicts. Must
 * never call a checkpoint bad because the check itself failed: it tries again, and until then there is
 * no verdict.
 */
import { statSync } from "node:fs";
import type { Checkpoint } from "../../model/run.ts";
import { Helper } from "../../spawn/helper.ts";
import type { Verdict } from "./verify-child.ts";

const CHILD = new Helper("runs/checkpoints/verify-child", "no checkpoint is verified and no job resumes");
const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 30_000;

export class Verifier {
  readonly #verdicts = new Map<string, Verdict>();
  readonly #queue: Checkpoint[] = [];
  readonly #onVerdict: () => void;
  readonly #stop = new AbortController();
  #working: Promise<void> | null = null;
  /** Number of verdicts so far; a cached list of an older version is stale. */
  version = 0;

  constructor(onVerdict: () => void) {
    this.#onVerdict = onVerdict;
  }

  /** Queues a check, unless it is queued or done. Returns at once. */
  verify(checkpoint: Checkpoint): void {
    const key = keyOf(checkpoint);
    if (this.#verdicts.has(key) || this.#queue.some((queued) => keyOf(queued) === key)) return;
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
      if (verdict) {
        this.#verdicts.set(key, verdict);
        this.#queue.shift();
        this.version += 1;
        retryMs = FIRST_RETRY_MS;
        this.#onVerdict();
      } else if (!this.#stop.signal.aborted) {
        await pause(retryMs, this.#stop.signal);
        retryMs = Math.min(LONGEST_RETRY_MS, retryMs * 2);
      }
    }
    this.#working = null;
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

/** One that came back from a backup has the path, time and size of the one that was lost, and is another. */
function keyOf({ path, createdAtMs, bytes }: Checkpoint): string {
  const { dev = 0, ino = 0, ctimeMs = 0 } = statSync(path, { throwIfNoEntry: false }) ?? {};
  return [path, createdAtMs, bytes, dev, ino, ctimeMs].join("\0");
}
