/**
 * One temporary folder for everything that is measured, which is also how whatever was started is known
 * again: daemons leave their parents, but carry TMPDIR in their environment.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let root = "";

/** Makes the folder that `tmpdir()` is from now on. */
export function enter(): void {
  root = mkdtempSync(join(tmpdir(), "bench-peers-"));
  process.env.TMPDIR = root;
  const lines = ["#!/bin/sh", 'date +%s%N > "$1.new" && mv "$1.new" "$1"', "exec /bin/sleep 100000", ""];
  writeFileSync(tellingJob(), lines.join("\n"), { mode: 0o755 });
}

/** A job that tells when it began, in ns since 1970, in the file that it is given; then it sleeps. */
export const tellingJob = (): string => join(root, "telling-job");

/** The file in which the job of a round tells when it began. */
export const markOf = (peer: string, round: number | string): string => join(root, `${peer}-${round}.began`);

/** A new folder in it. */
export const folder = (name: string): string => mkdtempSync(join(root, `${name}-`));

/** Kills what carries `path` in its command line or environment, until nothing does. */
export function endAll(path: string): void {
  for (let left = startedIn(path); left.length > 0; left = startedIn(path)) {
    for (const pid of left) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended by itself.
      }
    }
  }
}

/** Ends everything that was started since `enter`, and removes the folder. */
export function leave(): void {
  endAll(root);
  rmSync(root, { recursive: true, force: true, maxRetries: 5 });
}

/** The processes of which `path` is in the command line or environment. */
export function startedIn(path: string): number[] {
  if (path === "") throw new Error("no folder was entered");
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => textOf(pid, "environ").includes(path) || textOf(pid, "cmdline").includes(path))
    .filter((pid) => !/\) [ZX] /.test(textOf(pid, "stat")))
    .map(Number);
}

/** Empty for one that is gone. */
function textOf(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
