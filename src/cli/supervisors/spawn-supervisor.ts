/**
 * Starts a supervisor that outlives its terminal: in a session of its own, with its output in a file.
 * Resolves when it answers, or fails with its output when it exits first.
 */
import { closeSync, openSync, renameSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { elapsedMs } from "../../clock.ts";
import type { Places } from "../../config/places.ts";
import type { ControlClient } from "../../control/client.ts";
import { prepareStateDirectory } from "../../files/state-directory.ts";
import { lockFolders, socketPath, supervisorLogPath } from "../../files/state-paths.ts";
import { ownProgram } from "../../own-files.ts";
import { Refusal, refusing } from "../../refusal.ts";
import { openFilesOfShell } from "../../sense/proc/open-files.ts";
import { isAlive } from "../../sense/proc/process.ts";
import { OPEN_FILES, ownVariables, RESTORE, restoreLines } from "../../spawn/exact-environment.ts";
import { type Detached, spawnDetached } from "../../spawn/spawn-detached.ts";
import { duration } from "../../words/duration.ts";
import { logTail } from "../logs/read-log-tail.ts";
import { say } from "../print.ts";
import { tryConnect } from "./connect.ts";
import { leftElsewhere } from "./left-elsewhere.ts";

const ANSWERS_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 20;
const LARGEST_LOG_BYTES = 8 * 1024 * 1024;
const SHOWN_BYTES = 16 * 1024;

interface How {
  /** Snapshots arrive. */
  watch?: boolean;
  /** It takes over what another config left there. */
  adopt?: boolean;
}

/** Starts a supervisor for `places` and connects. Fails with its output. */
export async function spawnSupervisor(
  places: Places,
  { watch = false, adopt = false }: How = {},
): Promise<ControlClient> {
  const whatIsLeft = leftElsewhere(places);
  prepareStateDirectory(places.stateDirectory);
  const log = join(dirname(supervisorLogPath(places.stateDirectory)), "supervisor.log");
  if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) > LARGEST_LOG_BYTES)
    refusing(`${log} can't be put aside`, () => renameSync(log, `${log}.1`));
  const before = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  const launched = launch(places, log, adopt);
  // While it starts.
  const left = whatIsLeft();
  if (left !== null) say(left);
  const child = await launched;
  let ended: { code: number | null } | null = null;
  void child.ended.then((code) => {
    ended = { code };
  });
  for (const until = elapsedMs() + ANSWERS_WITHIN_MS; elapsedMs() < until; await sleep(LOOK_EVERY_MS)) {
    // Read before connecting: if it ended because another supervisor started first, that one answers soon.
    const over = ended as { code: number | null } | null;
    const client = await tryConnect(places, watch);
    if (client !== null) return client;
    if (over !== null && (over.code === 2 || !(await anotherStarts(places))))
      throw new Refusal(said(log, before), over.code === 2 ? 2 : 1);
  }
  if (ended !== null) throw new Refusal(said(log, before));
  throw new Refusal(
    `The supervisor (pid ${child.pid}) didn't answer within ${duration(ANSWERS_WITHIN_MS)}. Its output: ${log}`,
  );
}

/** One that holds the locks, and will answer where we look for it. */
async function anotherStarts({ database, stateDirectory }: Places): Promise<boolean> {
  // Loads SQLite, which a start needs only where the supervisor has ended.
  const { readHolders } = await import("../../record/database/lock.ts");
  return readHolders(database, stateDirectory, lockFolders()).some(
    ({ pid, host, socket }) =>
      host === hostname() && socket === socketPath(stateDirectory) && isAlive(pid, null),
  );
}

async function launch(places: Places, log: string, adopt: boolean): Promise<Detached> {
  const config = places.file === null ? [] : ["--config", places.file];
  const output = refusing(`The supervisor's output can't be written to ${log}`, () =>
    openSync(log, "a", 0o600),
  );
  try {
    const openFiles = openFilesOfShell();
    const env = {
      ...(process.env as Record<string, string>),
      ...(openFiles !== null && { [OPEN_FILES]: String(openFiles) }),
    };
    const words = [ownProgram("bin"), "start", "--headless", ...(adopt ? ["--adopt"] : []), ...config];
    const { raw } = ownVariables();
    if (raw.size === 0) return await spawnDetached(process.execPath, words, output, { env });
    // Node can hand over nothing but UTF-8.
    const restored = { ...env, [RESTORE]: restoreLines({ env, raw }, [], null) };
    const script = `eval "$${RESTORE}"; exec "$@"`;
    return await spawnDetached("/bin/sh", ["-c", script, "sh", process.execPath, ...words], output, {
      env: restored,
    });
  } catch (error) {
    throw new Refusal(`The supervisor can't be started: ${(error as Error).message}`);
  } finally {
    closeSync(output);
  }
}

function said(log: string, before: number): string {
  const { text, size } = logTail(log, SHOWN_BYTES);
  const fresh = Buffer.from(text)
    .subarray(-Math.min(size - before, SHOWN_BYTES))
    .toString("utf8")
    .trim();
  return size > before && fresh !== ""
    ? fresh
    : `The supervisor exited at once without a message. Its output: ${log}`;
}
