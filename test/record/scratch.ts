/** Folders, open journals and child processes that go with a test of record/. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { createJournal, type RecordJournal } from "../../src/record/journal.ts";
import { RETENTION } from "./material.ts";

/** A database path in a folder that goes with the test. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "record-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "supervisor.sqlite");
}

export function openJournal(path: string = scratch()): RecordJournal & { path: string } {
  const journal = createJournal(path, { retention: RETENTION });
  onTestFinished(() => journal.close());
  return Object.assign(journal, { path });
}

export interface Child {
  process: ChildProcess;
  lines: Interface;
  /** The next line that it writes; rejects when it ends first. */
  line(): Promise<string>;
  /** Resolves when it has ended. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** A program of test/children, ended with the test. */
export function child(name: string, ...argv: string[]): Child {
  const program = fileURLToPath(new URL(`../children/${name}`, import.meta.url));
  const process_ = spawn(process.execPath, [program, ...argv], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(process_, "exit");
  const lines = createInterface({ input: process_.stdout });
  const iterator = lines[Symbol.asyncIterator]();
  onTestFinished(async () => {
    if (process_.exitCode === null && process_.signalCode === null) process_.kill("SIGKILL");
    await ended;
  });
  return {
    process: process_,
    lines,
    async line() {
      const next = await iterator.next();
      if (next.done) throw new Error(`${name} ended without a word`);
      return next.value;
    },
    async kill(signal) {
      process_.kill(signal);
      await ended;
    },
  };
}
