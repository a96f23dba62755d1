/**
 * Runs a program to its end and returns how it went, as a value. For every child that we wait for outside
 * of a tick; programs that outlive us go through spawn-detached.ts, and the process that reads GPUs for
 * hours keeps its own pipe (sense/gpu/reader/reader-process.ts). Must never use a shell, and never load execa
 * before the first child: that takes 100 ms of CPU and 3 MiB.
 */
import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import type { Options, Result } from "execa";
import { duration } from "../words/duration.ts";

const MOST_CHARACTERS = 64 * 1024 * 1024;

export interface ChildOptions {
  /** Its stdin, which it needn't read; by default empty. */
  input?: string;
  /** Added to our own environment. */
  env?: Record<string, string>;
  timeoutMs?: number;
  /** Aborts it. */
  signal?: AbortSignal;
  /** Sent on timeout or abort; SIGKILL follows SIGTERM after 5 s. */
  killSignal?: "SIGTERM" | "SIGKILL";
  /** Called with each line of its stdout as it comes, and before it has ended. */
  onLine?: (line: string) => void;
  /** "ignore": its output goes to /dev/null. */
  output?: "keep" | "ignore";
  /** The child doesn't keep our process alive. */
  unref?: boolean;
}

export type Ended =
  | { ok: true; stdout: string }
  | {
      ok: false;
      why: "missing" | "unstarted" | "late" | "stopped" | "failed";
      /** Half a sentence for people: how it ended, or why it couldn't be started. */
      reason: string;
      /** Where it ended by itself. */
      exitCode?: number;
      stdout: string;
      stderr: string;
    };

/** Resolves when it ends, with `ok` for exit code 0. Never rejects. */
export async function runChild(
  program: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<Ended> {
  try {
    const { execa } = await import("execa");
    const child = execa(program, args, execaOptions(options));
    if (options.unref) unrefAll(child.nodeChildProcess);
    return ended(await child, options);
  } catch (error) {
    return { ok: false, why: "unstarted", reason: (error as Error).message, stdout: "", stderr: "" };
  }
}

/** One line of a program's stderr: the error that Node names when it crashes, else the last line. */
export function lastWords(stderr: string): string {
  const lines = stderr.trim().split("\n");
  return lines.findLast((line) => /^\w*Error/.test(line)) ?? lines.at(-1) ?? "";
}

function execaOptions(options: ChildOptions) {
  const output = options.output === "ignore" ? "ignore" : "pipe";
  const { onLine } = options;
  return {
    ...(options.input === undefined ? { stdin: "ignore" } : { input: options.input }),
    ...(options.env && { env: options.env }),
    ...(options.timeoutMs !== undefined && { timeout: options.timeoutMs }),
    ...(options.signal && { cancelSignal: options.signal }),
    killSignal: options.killSignal ?? "SIGTERM",
    stdout: onLine === undefined ? output : seenBy(onLine),
    stderr: output,
    maxBuffer: MOST_CHARACTERS,
    reject: false,
  } as const satisfies Options;
}

const seenBy = (onLine: (line: string) => void) =>
  function* (line: unknown): Generator<unknown> {
    onLine(line as string);
    yield line;
  };

type Failed = Exclude<Ended, { ok: true }>;

function ended(done: Result<ReturnType<typeof execaOptions>>, { timeoutMs = 0 }: ChildOptions): Ended {
  const said = { stdout: done.stdout ?? "", stderr: done.stderr ?? "" };
  if (!done.failed) return { ok: true, stdout: said.stdout };
  const not = (why: Failed["why"], reason: string): Ended => ({ ok: false, why, reason, ...said });
  if (done.timedOut) return not("late", `it took longer than ${duration(timeoutMs)} and was killed`);
  if (done.isCanceled) return not("stopped", "it was cancelled");
  if (done.isMaxBuffer) return not("failed", `it printed more than ${MOST_CHARACTERS} characters`);
  return endedBy({ ...done, unstarted: done.code ?? String(done.originalMessage) }, said);
}

/** How a child ended that nobody stopped. `unstarted`: the system's code or words, of one that couldn't be started. */
export function endedBy(
  how: { exitCode?: number | undefined; signal?: string | undefined; unstarted?: string },
  { stdout, stderr }: Pick<Failed, "stdout" | "stderr">,
): Ended {
  const { exitCode, signal, unstarted = "" } = how;
  const failed = { ok: false, stdout, stderr } as const;
  if (signal !== undefined) return { ...failed, why: "failed", reason: `it ended with ${signal}` };
  if (exitCode === 0) return { ok: true, stdout };
  if (exitCode !== undefined)
    return { ...failed, why: "failed", reason: `it ended with exit code ${exitCode}`, exitCode };
  return { ...failed, why: unstarted === "ENOENT" ? "missing" : "unstarted", reason: unstarted };
}

function unrefAll(child: ChildProcess): void {
  child.unref();
  for (const pipe of child.stdio) (pipe as Socket | null)?.unref();
}
