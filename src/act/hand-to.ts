/**
 * Hands one message to a command, on its stdin. No shell, no output kept; one that takes too long is
 * killed, so that none is left behind.
 */

import { spawn } from "node:child_process";
import type { Notify } from "../config/schema.ts";
import { duration } from "../words/duration.ts";
import { resolveCommand } from "./resolve-command.ts";

type Command = Pick<Notify, "command" | "timeoutSeconds">;

/** Null when it ended with 0, else why not. Never rejects. */
export function handTo(
  { command = [], timeoutSeconds }: Command,
  message: string,
  end: AbortSignal,
): Promise<string | null> {
  // A path is absolute already.
  const found = resolveCommand({ command }, "/");
  if (!found.ok) return Promise.resolve(found.reason);
  return new Promise((resolve) => {
    const child = spawn(found.path, command.slice(1), {
      stdio: ["pipe", "ignore", "ignore"],
    });
    let late = false;
    const kill = (): void => {
      late = true;
      child.kill("SIGKILL");
    };
    const deadline = setTimeout(kill, timeoutSeconds * 1000);
    end.addEventListener("abort", kill);
    const over = (failure: string | null): void => {
      clearTimeout(deadline);
      end.removeEventListener("abort", kill);
      resolve(failure);
    };
    child.on("error", (error: NodeJS.ErrnoException) => over(error.code ?? error.name));
    child.on("exit", (code, signal) => {
      if (late) over(`it took longer than ${duration(timeoutSeconds * 1000)} and was killed`);
      else over(code === 0 ? null : `it ended with ${signal ?? `exit code ${code}`}`);
    });
    // One that reads nothing is fine, too.
    child.stdin.on("error", () => {});
    child.stdin.end(message);
  });
}
