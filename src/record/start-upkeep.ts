/**
 * Runs upkeep.ts now and then, in a short-lived process. A worker thread would do it too, but costs
 * the supervisor 16 MiB for good (measured: it keeps 13 of them after the thread has ended).
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { ownProgram } from "../own-files.ts";
import { errorText } from "./database-error.ts";
import type { Retention } from "./thin.ts";

const PROGRAM = ownProgram("record/upkeep-process");
const FIRST_AFTER_MS = 5 * 60_000;
const EVERY_MS = 60 * 60_000;
/** A WAL of this size is brought in early, but not more often than this. */
const BIG_WAL_BYTES = 8 * 1024 * 1024;
const EARLY_EVERY_MS = 60_000;
/** Characters. */
const MOST_WORDS = 1000;

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
  let running: ChildProcess | null = null;
  let trouble: string | null = null;

  const failed = (error: unknown): void => {
    running = null;
    trouble = `Housekeeping of the database can't be started: ${errorText(error)}`;
  };
  const start = (wallMs: number): void => {
    try {
      const argv = [PROGRAM, database, JSON.stringify(retention), String(wallMs)];
      running = spawn(process.execPath, argv, { stdio: ["ignore", "ignore", "pipe"] });
    } catch (error) {
      failed(error); // some failures are thrown, others told
      return;
    }
    const said = lastWords(running);
    running.unref();
    running.once("error", failed);
    running.once("close", (code, signal) => {
      running = null;
      const why = said() || (signal ?? `exit code ${code}`);
      trouble = code === 0 ? null : `Housekeeping of the database failed: ${why}`;
    });
  };

  return {
    retain(changed) {
      retention = changed;
    },
    maybe({ wallMs, monotonicMs }, walBytes) {
      nextMs ??= monotonicMs + FIRST_AFTER_MS;
      if (running !== null || monotonicMs < lookMs) return;
      lookMs = monotonicMs + EARLY_EVERY_MS;
      if (monotonicMs < nextMs && walBytes() < BIG_WAL_BYTES) return;
      nextMs = monotonicMs + EVERY_MS;
      start(wallMs);
    },
    get trouble() {
      return trouble;
    },
    close() {
      running?.kill("SIGTERM");
    },
  };
}

/** The last line on its stderr so far, which doesn't keep the supervisor alive. */
function lastWords(child: ChildProcess): () => string {
  let text = "";
  const stderr = child.stderr as Socket | null; // none where it couldn't be started
  stderr?.unref();
  stderr?.setEncoding("utf8");
  stderr?.on("data", (more) => {
    text = (text + more).slice(-MOST_WORDS);
  });
  return () => text.trim().split("\n").at(-1) ?? "";
}
