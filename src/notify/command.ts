/**
 * Hands one message to a command, on its stdin. No shell, no output kept; one that takes too long is
 * killed, so that none is left behind.
 */
import type { Notify } from "../config/schema/schema.ts";
import { resolveCommand } from "../files/resolve-command.ts";
import { runChild } from "../spawn/run-child.ts";

type Command = Pick<Notify, "command" | "timeoutSeconds">;

/** Null when it ended with 0, else why not. Never rejects. */
export async function notifyCommand(
  { command = [], timeoutSeconds }: Command,
  message: string,
  end: AbortSignal,
): Promise<string | null> {
  // A path is absolute already.
  const found = resolveCommand({ command }, "/");
  if (!found.ok) return found.reason;
  const done = await runChild(found.path, command.slice(1), {
    input: message,
    output: "ignore",
    timeoutMs: timeoutSeconds * 1000,
    signal: end,
    killSignal: "SIGKILL",
  });
  return done.ok ? null : done.reason;
}
