/**
 * Checks every byte of checkpoints in the background, one at a time, and remembers the verdicts. Must
 * never call a checkpoint bad because the check itself failed, or because it can't be read now: it tries again for as
 * long as it is there.
 */
import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { elapsedMs } from "../../clock.ts";
import type { Checkpoint } from "../../model/run.ts";
import { Helper } from "../../spawn/helper.ts";
import type { Verdict } from "./verify-child.ts";

const CHILD = new Helper("runs/checkpoints/verify-child", "no checkpoint is verified and no job resumes");
const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 30_000;
/** Between looks at the queue while all in it wait for their next try. */
const LOOK_EVERY_MS = 1_000;

export class Verifier {
  readonly #verdicts = new Map<string, Verdict>();
  readonly #queue: Checkpoint[] = [];
  readonly #onVerdict: () => void;
  readonly #stop = new AbortController();
  /** When one is tried again, after how long the time after that, and why: null where the check itself failed. */
  readonly #again = new Map<Checkpoint, { atMs: number; afterMs: number; unreadable: string | null }>();
  #working: Promise<void> | null = null;
  /** Number of verdicts so far; a cached list of an older version is stale. */
  version = 0;

  constructor(onVerdict: () => void) {
    this.#onVerdict = onVerdict;
  }

  /** Queues a check, unless it is queued or done; `anew`: also where it is done. Returns at once. */
  verify(checkpoint: Checkpoint, anew = false): void {
    // Asked at every tick while it is queued: the disk isn't, then.
    if (this.#queue.some((queued) => isSame(queued, checkpoint))) return;
    if (anew) this.#forget(checkpoint);
    const verdict = this.verdictOf(checkpoint);
    if (verdict !== null && isFinal(verdict)) return;
    this.#queue.push(checkpoint);
    this.#working ??= this.#work();
  }

  /** All verdicts on its path: which of them is its own can't be told while it can't be looked at. */
  #forget({ path }: Checkpoint): void {
    for (const key of this.#verdicts.keys()) if (key.startsWith(`${path}\0`)) this.#verdicts.delete(key);
    this.version += 1;
  }

  /** What can't be read now, a sentence each. */
  get problems(): string[] {
    return [...this.#again].flatMap(([{ path }, { unreadable }]) =>
      unreadable === null ? [] : [`Checkpoint ${path} can't be read now (${unreadable}); it is tried again.`],
    );
  }

  /** Null until it was checked. A rewritten checkpoint needs a new verdict; one that can't be read gets one by itself. */
  verdictOf(checkpoint: Checkpoint): Verdict | null {
    return this.#verdicts.get(keyOf(checkpoint)) ?? null;
  }

  /** Aborts a check under way; a later verify() repeats it. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#working;
  }

  async #work(): Promise<void> {
    while (this.#queue.length > 0 && !this.#stop.signal.aborted) {
      // Those that wait hold up no other, which may be on another disk.
      const at = this.#queue.findIndex((one) => (this.#again.get(one)?.atMs ?? 0) <= elapsedMs());
      const next = this.#queue[at];
      if (next === undefined) await pause(LOOK_EVERY_MS, this.#stop.signal);
      else if (await this.#check(next)) this.#queue.splice(this.#queue.indexOf(next), 1);
    }
    this.#working = null;
  }

  /** False where it has to be tried again. */
  async #check(checkpoint: Checkpoint): Promise<boolean> {
    // What is put in its place meanwhile, as by a restore, isn't what was read.
    const key = keyOf(checkpoint);
    const verdict = await readThrough(checkpoint.path, this.#stop.signal);
    if (verdict !== null) {
      this.#verdicts.set(key, verdict);
      this.version += 1;
      this.#onVerdict();
    }
    if (verdict !== null && isFinal(verdict)) {
      this.#again.delete(checkpoint);
      return true;
    }
    const afterMs = this.#again.get(checkpoint)?.afterMs ?? FIRST_RETRY_MS;
    this.#again.set(checkpoint, {
      atMs: elapsedMs() + afterMs,
      afterMs: Math.min(LONGEST_RETRY_MS, afterMs * 2),
      unreadable: verdict?.ok === false ? verdict.reason : null,
    });
    return false;
  }
}

const isFinal = (verdict: Verdict): boolean => verdict.ok || !verdict.unreadable;

/** Null without a verdict: the child was killed, or could not be started. */
async function readThrough(path: string, signal: AbortSignal): Promise<Verdict | null> {
  const done = await CHILD.run([path], { signal });
  if (done.ok) return JSON.parse(done.stdout) as Verdict;
  if (done.why !== "stopped" && done.why !== "missing") CHILD.fails(done.reason);
  return null;
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { ref: false, signal }).catch(() => {});

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
