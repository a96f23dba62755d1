/**
 * Keeps a job's log from filling the disk. Between runs the file is renamed; under a running job, which
 * appends to the open file, it is copied and truncated, and a line written at that moment can be lost.
 * Must never truncate what it could not copy.
 */
import { constants, existsSync, ftruncateSync, lstatSync, renameSync, rmSync, type Stats } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { elapsedMs } from "../../clock.ts";
import { logPath } from "../../files/state-paths.ts";

/** Interval between two looks at the size of a running job's log. */
const LOOK_EVERY_MS = 30_000;

export interface LogLimits {
  maxMiB: number;
  /** Older logs, `<name>.log.1` being the newest of them; 0: none. */
  keep: number;
}

/** The logs of running jobs. */
export class RunningLogs {
  readonly #stateDirectory: string;
  readonly #limits: (() => LogLimits) | null;
  readonly #lookedAtMs = new Map<string, number>();
  /** A copy may take longer than the next look. */
  readonly #rotating = new Set<string>();

  /** `limits` null: logs grow without limit. */
  constructor(stateDirectory: string, limits: (() => LogLimits) | null) {
    this.#stateDirectory = stateDirectory;
    this.#limits = limits;
  }

  /** Cheap enough for every tick; returns at once. */
  keepSmall(job: string): void {
    const now = elapsedMs();
    if (this.#limits === null || now - (this.#lookedAtMs.get(job) ?? -LOOK_EVERY_MS) < LOOK_EVERY_MS) return;
    this.#lookedAtMs.set(job, now);
    if (this.#rotating.has(job)) return;
    this.#rotating.add(job);
    void rotateWhileRunning(logPath(this.#stateDirectory, job), this.#limits()).finally(() =>
      this.#rotating.delete(job),
    );
  }
}

/** Before a run opens it. A log that can't be moved keeps growing: that must not keep a job from starting. */
export function rotateBetweenRuns(path: string, limits: LogLimits): void {
  if (!isTooLarge(path, limits)) return;
  try {
    makeWay(path, limits.keep);
    if (limits.keep === 0) rmSync(path);
    else renameSync(path, `${path}.1`);
  } catch {
    // The next run tries again.
  }
}

/**
 * While a run appends to it. Resolves whether it worked or not; never rejects. Does nothing where the next run has
 * begun a log of its own meanwhile: what was copied has been set aside by then.
 */
export async function rotateWhileRunning(path: string, limits: LogLimits): Promise<void> {
  if (!isTooLarge(path, limits)) return;
  const log = await open(path, constants.O_RDWR | constants.O_NOFOLLOW).catch(() => null);
  if (log === null) return;
  try {
    // Older logs make way only for one that is there.
    const copy = `${path}.new`;
    if (limits.keep > 0 && !(await isCopied(log, copy))) return;
    // At once, so that no run begins in between.
    if (!isAt(path, await log.stat())) return rmSync(copy, { force: true });
    makeWay(path, limits.keep);
    if (limits.keep > 0) renameSync(copy, `${path}.1`);
    ftruncateSync(log.fd, 0);
  } catch {
    // The next look tries again.
  } finally {
    await log.close();
  }
}

/** Another run may have put its own there, and moved this one away. */
function isAt(path: string, { dev, ino }: Stats): boolean {
  const there = lstatSync(path, { throwIfNoEntry: false });
  return there?.dev === dev && there.ino === ino;
}

async function isCopied(log: FileHandle, copy: string): Promise<boolean> {
  try {
    const { mode } = await log.stat();
    await rm(copy, { force: true });
    const to = await open(copy, "wx", mode & 0o777);
    await pipeline(log.createReadStream({ start: 0, autoClose: false }), to.createWriteStream());
    return true;
  } catch {
    await rm(copy, { force: true }).catch(() => {});
    return false;
  }
}

function isTooLarge(path: string, { maxMiB }: LogLimits): boolean {
  try {
    const stat = lstatSync(path);
    return stat.isFile() && stat.size > maxMiB * 1_048_576;
  } catch {
    // There is none, or its disk fails: the next look tries again.
    return false;
  }
}

/** Moves `.1` to `.2` and so on; removes the oldest. */
function makeWay(path: string, keep: number): void {
  rmSync(`${path}.${Math.max(1, keep)}`, { force: true });
  for (let older = keep - 1; older >= 1; older--)
    if (existsSync(`${path}.${older}`)) renameSync(`${path}.${older}`, `${path}.${older + 1}`);
}
