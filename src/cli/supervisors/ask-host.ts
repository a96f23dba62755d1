/**
 * Asks the supervisors of another machine how they are, over the user's own ssh: its config, keys and agent.
 * Only looks, installs nothing there, never asks for a password, and gives up soon.
 */
import { SCHEMA_VERSION, type Snapshot } from "../../control/protocol.ts";
import { type Ended, lastWords, runChild } from "../../spawn/run-child.ts";
import { duration } from "../../words/duration.ts";

const CONNECT_SECONDS = 8;
/** For all of it, a slow login shell included. */
const PATIENCE_MS = 20_000;

/** No question on the terminal; none of the forwards that the user's config may have for that host. */
const OPTIONS = [
  ["BatchMode", "yes"],
  ["ConnectTimeout", `${CONNECT_SECONDS}`],
  ["ClearAllForwardings", "yes"],
  ["ForwardAgent", "no"],
  ["ForwardX11", "no"],
  // A connection that others share may be used, but none is left behind, which would keep our pipe open.
  ["ControlMaster", "no"],
  ["LogLevel", "ERROR"],
].flatMap(([name, value]) => ["-o", `${name}=${value}`]);

/** A login shell: that's where PATH leads to programs in the home directory. */
const COMMAND = `exec "$SHELL" -lc 'supervisor status --all --json'`;

/** As `status --all --json` gives it. */
export type RemoteSupervisor = { project: string; stateDirectory: string } & (
  | Snapshot
  | { pid: number | null; error: string }
);

export type HostAnswer = { host: string } & ({ supervisors: RemoteSupervisor[] } | { error: string });

/** An empty list where none is running. Never rejects. */
export async function askHost(host: string): Promise<HostAnswer> {
  const done = await runChild("ssh", [...OPTIONS, "-T", "--", host, COMMAND], { timeoutMs: PATIENCE_MS });
  if (!done.ok && done.exitCode === 3) return { host, supervisors: [] };
  if (!done.ok) return { host, error: failure(done) };
  const supervisors = supervisorsIn(done.stdout);
  return supervisors === null
    ? { host, error: "its supervisor is of another version, or a login there prints something else" }
    : { host, supervisors };
}

function failure({ why, reason, exitCode, stderr }: Exclude<Ended, { ok: true }>): string {
  if (why === "missing") return "ssh isn't installed on this machine";
  if (why === "late") return `no answer within ${duration(PATIENCE_MS)}`;
  if (exitCode === 127) return "no supervisor is installed there, or not in the PATH of a login shell";
  return lastWords(stderr) || reason;
}

/** A login shell may print something first. */
function supervisorsIn(text: string): RemoteSupervisor[] | null {
  try {
    const { schemaVersion, supervisors } = JSON.parse(text.slice(text.search(/^\{$/m)));
    return schemaVersion === SCHEMA_VERSION && Array.isArray(supervisors) ? supervisors : null;
  } catch {
    return null;
  }
}
