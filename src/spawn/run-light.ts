/**
 * Runs a program to its end as run-child.ts does, but by Node alone: loading execa takes 100 ms, for which every start
 * would wait. For a child whose input and output are small, and which nobody stops.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { type Ended, endedBy } from "./run-child.ts";

/** Resolves when it ends, with `ok` for exit code 0. Never rejects. */
export async function runLight(program: string, args: readonly string[], input: string): Promise<Ended> {
  const nothing = { stdout: "", stderr: "" };
  try {
    const child = spawn(program, args, { stdio: "pipe" });
    const end = endOf(child);
    // Without files to spare, it has no pipes either.
    if (child.pid === undefined) return endedBy(await end, nothing);
    // It may end before it has read all of its input.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    const [how, stdout, stderr] = await Promise.all([end, text(child.stdout), text(child.stderr)]);
    return endedBy(how, { stdout, stderr });
  } catch (error) {
    return endedBy({ unstarted: (error as Error).message }, nothing);
  }
}

const endOf = (child: ChildProcess): Promise<Parameters<typeof endedBy>[0]> =>
  new Promise((done) => {
    child.once("error", ({ code, message }: NodeJS.ErrnoException) => done({ unstarted: code ?? message }));
    child.once("close", (code, signal) => done({ exitCode: code ?? undefined, signal: signal ?? undefined }));
  });
