/**
 * Starts a program that outlives us, in a session of its own, so that neither our exit nor Ctrl-C in our
 * terminal ends it. Uses spawn() directly: the output must be a real descriptor (a pipe through us would
 * break when we exit), nobody waits for it, and execa would cost every supervisor 3 MiB.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";

export interface Detached {
  pid: number;
  /** Resolves with its exit code when it ends; null after a signal. Doesn't keep our process alive. */
  ended: Promise<number | null>;
}

/**
 * Resolves once it runs; rejects when it can't be started.
 * @param output a descriptor for both its stdout and its stderr; the caller closes it
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
