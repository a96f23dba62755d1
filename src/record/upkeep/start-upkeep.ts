/**
 * Runs upkeep.ts now and then, in a short-lived process. A worker thread would do it too, but costs
 * the supervisor 16 MiB for good (measured: it keeps 13 of them after the thread has ended).
 */
import { ownProgram } from "../../own-files.ts";
import { lastWords, runChild } from "../../spawn/run-child.ts";
import type { Retention } from "./thin-samples.ts";

const PROGRAM = ownProgram("record/upkeep/upkeep-process");
const FIRST_AFTER_MS = 5 * 60_000;
const EVERY_MS = 60 * 60_000;
/** A WAL of this size is brought in early, but not more often than this. */
const BIG_WAL_BYTES = 8 * 1024 * 1024;
const EARLY_EVERY_MS = 60_000;

export interface UpkeepTimes {
  /** From the next housekeeping on. */
  retain(retention: Retention): void;
  /** Starts upkeep when it is due at `now`; cheap enough for every commit. */
  maybe(now: { wallMs: number; monotonicMs: number }, walBytes: () => number): void;
  /** Why the last one failed; null when it didn't. */
  readonly trouble: string | null;
  close(): void;
}

export function upkeepTimes(database: string, first: Retention): UpkeepTimes {
  let retention = first;
  let nextMs: number | null = null;
  let lookMs = 0;
  let running = false;
  let trouble: string | null = null;
  const end = new AbortController();

  const start = async (wallMs: number): Promise<void> => {
    running = true;
    const args = [PROGRAM, database, JSON.stringify(retention), String(wallMs)];
    const done = await runChild(process.execPath, args, { signal: end.signal, unref: true });
    running = false;
    if (done.ok) trouble = null;
    else if (done.why === "unstarted" || done.why === "missing")
      trouble = `Housekeeping of the database can't be started: ${done.reason}`;
    else trouble = `Housekeeping of the database failed: ${lastWords(done.stderr) || done.reason}`;
  };

  return {
    retain(changed) {
      retention = changed;
    },
    maybe({ wallMs, monotonicMs }, walBytes) {
      nextMs ??= monotonicMs + FIRST_AFTER_MS;
      if (running || monotonicMs < lookMs) return;
      lookMs = monotonicMs + EARLY_EVERY_MS;
      if (monotonicMs < nextMs && walBytes() < BIG_WAL_BYTES) return;
      nextMs = monotonicMs + EVERY_MS;
      void start(wallMs);
    },
    get trouble() {
      return trouble;
    },
    close() {
      end.abort();
    },
  };
}
