/**
 * Starts a reader process and passes on its lines. Spawned by hand: it is never waited for, its lines are
 * read for as long as we live, and a library for children would cost every supervisor 3 MiB beside a GPU.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { goneOf, Helper } from "../../../spawn/helper.ts";
import type { Task } from "./read-gpus.ts";

const PROGRAM = new Helper("sense/gpu/reader/read-gpus", "no GPU is read");
/** Characters of stderr that are kept. */
const MOST_SAID = 400;

export interface ReaderEvents {
  line: (line: string) => void;
  /** `how`: why it has ended, as a sentence about "it". */
  end: (how: string) => void;
}

export function spawnReader(task: Task, on: ReaderEvents): ChildProcess {
  // A session of its own: Ctrl-C in a terminal reaches the supervisor alone.
  const child = spawn(process.execPath, [PROGRAM.path, JSON.stringify(task)], {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  let said = "";
  let rest = "";
  child.stdin.on("error", () => {});
  child.stderr.on("data", (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-MOST_SAID);
  });
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(on.line);
  });
  child.on("error", (problem) => {
    const gone = goneOf(PROGRAM.path);
    on.end(gone === null ? `it can't be started: ${problem.message}` : `${gone} is gone`);
  });
  child.on("exit", (code, signal) => {
    const last = lastError(said);
    on.end(`it ended with ${signal ?? `exit code ${code}`}${last === "" ? "" : `: ${last}`}`);
  });
  for (const one of [child, child.stdin, child.stdout, child.stderr]) (one as { unref?(): void }).unref?.();
  return child;
}

/** The last line that names an error; empty when none does. */
const lastError = (said: string): string =>
  said
    .trim()
    .split("\n")
    .findLast((line) => /^\w*Error/.test(line)) ?? "";
