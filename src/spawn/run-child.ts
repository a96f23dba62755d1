/**
 * Runs a program to its end and tells how it went, as a value. For every child that is waited for
 * and isn't on a tick's path; what outlives us goes through spawn-detached.ts, and the process that
 * reads GPUs for hours keeps its own pipe (sense/gpu/reader-process.ts). Must never use a shell, and must
 * never load execa before there is a child: that takes 100 ms of CPU, and holds 3 MiB.
 */
import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import type { Options, Result } from "execa";
import { duration } from "../words/duration.ts";

const MOST_CHARACTERS = 64 * 1024 * 1024;

export interface ChildOptions {
  /** What it finds on its stdin; without it, nothing. It needn't read it. */
  input?: string;
  /** Beside the environment that we have. */
  env?: Record<string, string>;
  timeoutMs?: number;
  /** Ends it. */
  signal?: AbortSignal;
  /** Ends one that is late or no longer wanted; SIGTERM is followed by SIGKILL after 5 s. */
  killSignal?: "SIGTERM" | "SIGKILL";
  /** "ignore": it writes to /dev/null. */
  output?: "keep" | "ignore";
  /** It doesn't keep us alive. */
  unref?: boolean;
}

export type Ended =
  | { ok: true; stdout: string }
  | {
      ok: false;
      why: "missing" | "unstarted" | "late" | "stopped" | "failed";
      /** Half a sentence for people: what it ended with, or why it couldn't be started. */
      reason: string;
      stdout: string;
      stderr: string;
    };

/** Resolves once it has ended, with `ok` for exit code 0. Never rejects. */
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

/** What a program said last, in one line: the error that a crash of Node names, else its last line. */
export function lastWords(stderr: string): string {
  const lines = stderr.trim().split("\n");
  return lines.findLast((line) => /^\w*Error/.test(line)) ?? lines.at(-1) ?? "";
}

function execaOptions(options: ChildOptions) {
  const output = options.output === "ignore" ? "ignore" : "pipe";
  return {
    ...(options.input === undefined ? { stdin: "ignore" } : { input: options.input }),
    ...(options.env && { env: options.env }),
    ...(options.timeoutMs !== undefined && { timeout: options.timeoutMs }),
    ...(options.signal && { cancelSignal: options.signal }),
    killSignal: options.killSignal ?? "SIGTERM",
    stdout: output,
    stderr: output,
    maxBuffer: MOST_CHARACTERS,
    reject: false,
  } as const satisfies Options;
}

function ended(done: Result<ReturnType<typeof execaOptions>>, { timeoutMs = 0 }: ChildOptions): Ended {
  const [stdout, stderr] = [done.stdout ?? "", done.stderr ?? ""];
  if (!done.failed) return { ok: true, stdout };
  const not = (why: Exclude<Ended, { ok: true }>["why"], reason: string): Ended => {
    return { ok: false, why, reason, stdout, stderr };
  };
  if (done.timedOut) return not("late", `it took longer than ${duration(timeoutMs)} and was killed`);
  if (done.isCanceled) return not("stopped", "it was no longer wanted");
  if (done.isMaxBuffer) return not("failed", `it said more than ${MOST_CHARACTERS} characters`);
  if (done.signal !== undefined) return not("failed", `it ended with ${done.signal}`);
  if (done.exitCode !== undefined) return not("failed", `it ended with exit code ${done.exitCode}`);
  return not(done.code === "ENOENT" ? "missing" : "unstarted", done.code ?? String(done.originalMessage));
}

function unrefAll(child: ChildProcess): void {
  child.unref();
  for (const pipe of child.stdio) (pipe as Socket | null)?.unref();
}
