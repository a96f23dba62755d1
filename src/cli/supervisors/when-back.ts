/**
 * A supervisor that runs but isn't found: somebody has removed its socket, which it makes again within seconds.
 * Nobody may be told meanwhile that none runs.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { elapsedMs } from "../../clock.ts";
import { type ControlClient, connectControl } from "../../control/client.ts";
import { NoSupervisor } from "../../control/open-socket.ts";
import { socketPath } from "../../files/state-paths.ts";
import { isRunning, lastSupervisorOf, type SupervisorRecord } from "../../files/supervisors.ts";
import { Refusal } from "../../refusal.ts";
import { readStat } from "../../sense/proc/process.ts";
import { say } from "../print.ts";

/** Twice as long as it takes a supervisor to look at its places again. */
const BACK_WITHIN_MS = 10_000;
/** More than it waits for its last messages and answers. */
const ENDS_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 100;

/**
 * A connection to the supervisor of `stateDirectory`; null where none runs. One that is ending, or whose
 * socket is gone, gets its time. Rejects with Refusal where one runs that can't be reached, or is stopped by a signal;
 * one that is stopped later is told of on stderr, unless whoever uses the connection tells it.
 */
export async function connectOnceBack(stateDirectory: string, watch = false): Promise<ControlClient | null> {
  const socket = socketPath(stateDirectory);
  const stopped = (): number | null => stoppedPid(lastSupervisorOf(stateDirectory));
  const pid = stopped();
  if (pid !== null) throw new Refusal(stoppedText(pid));
  const connect = async (): Promise<ControlClient> => {
    const client = await connectControl(socket, { watch, stopped });
    client.onStopped((now) => say(`Waiting for the supervisor: ${stoppedText(now)}`));
    return client;
  };
  try {
    return await connect();
  } catch (error) {
    if (!(error instanceof NoSupervisor)) throw error;
    return await whenBack(stateDirectory, socket, connect);
  }
}

/** Null unless it runs and is stopped: the kernel takes a connection for it, and nobody answers. */
function stoppedPid(last: SupervisorRecord | null): number | null {
  if (last === null || last.pid === process.pid || !isRunning(last)) return null;
  return readStat(last.pid)?.state === "T" ? last.pid : null;
}

const stoppedText = (pid: number): string =>
  `its process ${pid} is stopped (Ctrl-Z or SIGSTOP), so it answers no command and looks after no job. To continue it: kill -CONT ${pid}`;

/**
 * Resolves once that supervisor has ended, and with it everything that it holds or writes. Rejects with Refusal
 * when it runs on for longer than an end takes.
 */
export async function whenEnded(supervisor: SupervisorRecord | null): Promise<void> {
  if (supervisor === null || supervisor.pid === process.pid) return;
  for (const end = elapsedMs() + ENDS_WITHIN_MS; isRunning(supervisor); await sleep(LOOK_EVERY_MS))
    if (elapsedMs() > end)
      throw new Refusal(`It has let go of its jobs, but its process ${supervisor.pid} still runs.`);
}

async function whenBack(
  stateDirectory: string,
  socket: string,
  connect: () => Promise<ControlClient>,
): Promise<ControlClient | null> {
  const last = lastSupervisorOf(stateDirectory);
  if (last === null || last.pid === process.pid) return null;
  for (const end = elapsedMs() + BACK_WITHIN_MS; elapsedMs() < end; await sleep(LOOK_EVERY_MS)) {
    if (!isRunning(last)) return null;
    try {
      return await connect();
    } catch (error) {
      if (!(error instanceof NoSupervisor)) throw error;
    }
  }
  throw new Refusal(
    `The supervisor with pid ${last.pid} runs, but doesn't answer at ${socket}. Its output: ${stateDirectory}/logs/supervisor.log`,
  );
}
