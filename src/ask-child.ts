/**
 * A short-lived process of this same program that answers on its stdout: for work that would hold up
 * the loop, or libraries that would stay in memory for ever. Node's own means do; a supervisor that
 * loaded a library for it would hold 4 MiB more.
 */
import { execFile } from "node:child_process";

const MOST_BYTES = 64 * 1024 * 1024;

/** What it has printed, once it has ended with 0; rejects when it couldn't be started or ended otherwise. */
export function askChild(
  program: string,
  { args = [], input = "", signal }: { args?: string[]; input?: string; signal?: AbortSignal },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: MOST_BYTES, ...(signal && { signal }) };
    const child = execFile(process.execPath, [program, ...args], options, (error, said) =>
      error === null ? resolve(said) : reject(error),
    );
    // One that ends without reading isn't listened to, and how it ended is told.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}
