/**
 * Passes one message to a command on its stdin. Uses no shell, keeps no output, and kills a command that
 * takes too long, so that none is left behind.
 */
import type { Notify } from "../config/schema/schema.ts";
import { resolveCommand } from "../files/resolve-command.ts";
import { runChild } from "../spawn/run-child.ts";

type Command = Pick<Notify, "command" | "timeoutSeconds">;

/** Null when it exits with 0, else the reason why it failed. Never rejects. */
export async function notifyCommand(
  { command = [], timeoutSeconds }: Command,
  message: string,
  end: AbortSignal,
): Promise<string | null> {
  // The config has already made a path absolute.
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
