/**
 * Passes one message to a command on its stdin. Uses no shell, keeps no output, and kills a command that
 * takes too long, so that none is left behind.
 */
import type { Notify } from "../config/schema/schema.ts";
import { resolveCommand } from "../files/resolve-command.ts";
import { runChild } from "../spawn/run-child.ts";
import type { Message } from "./message.ts";
import { failed, type Sent } from "./sent.ts";

type Command = Pick<Notify, "command" | "timeoutSeconds">;

/** EX_TEMPFAIL of sysexits.h. Any other failure may have told half of it: once more could tell it twice. */
const EXIT_AGAIN = 75;

/** Never rejects. */
export async function notifyCommand(
  { command = [], timeoutSeconds }: Command,
  { body }: Message,
  end: AbortSignal,
): Promise<Sent> {
  // The config has already made a path absolute.
  const found = resolveCommand({ command }, "/");
  if (!found.ok) return failed(found.reason, found.ours === true);
  const done = await runChild(found.path, command.slice(1), {
    input: body,
    output: "ignore",
    timeoutMs: timeoutSeconds * 1000,
    signal: end,
    killSignal: "SIGKILL",
  });
  return done.ok ? { ok: true } : failed(done.reason, done.exitCode === EXIT_AGAIN);
}
