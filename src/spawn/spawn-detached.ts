/**
 * Starts what outlives us, in a session of its own, so that neither our end nor Ctrl-C in our
 * terminal is its end. Spawned by hand: its output must be a real descriptor (a pipe through us
 * would end it with us), it is never waited for, and every supervisor that starts a job would hold
 * the 3 MiB of a library for children.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";

export interface Detached {
  pid: number;
  /** Its exit code once it has ended; null after a signal. Doesn't keep us alive. */
  ended: Promise<number | null>;
}

/**
 * Resolves once it runs.
 * @param output a descriptor for both its stdout and its stderr; the caller closes it
 * @throws when it can't be started
 */
export async function spawnDetached(
  program: string,
  args: readonly string[],
  output: number,
  place: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Detached> {
  const child = spawn(program, args, { ...place, stdio: ["ignore", output, output], detached: true });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  await once(child, "spawn");
  child.unref();
  return { pid: child.pid as number, ended };
}
