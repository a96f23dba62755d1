/**
 * Refuses to be the second supervisor of a state directory where the locks don't tell, since somebody has just
 * removed them: by the process that the last one recorded, and by whoever answers at its socket.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { elapsedMs } from "../clock.ts";
import { removeStale, securePlace } from "../control/socket-file.ts";
import { isRunning, lastSupervisorOf } from "../files/supervisors.ts";
import { Refusal } from "../refusal.ts";

/** One that was told to stop gives up its locks a moment before its process ends. */
const ENDS_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 50;

/** Hold the locks first. Rejects with Refusal; removes a dead socket. */
export async function refuseSecond(stateDirectory: string, socket: string): Promise<void> {
  const last = lastSupervisorOf(stateDirectory);
  if (last !== null && last.pid !== process.pid) {
    const end = elapsedMs() + ENDS_WITHIN_MS;
    while (isRunning(last) && elapsedMs() < end) await sleep(LOOK_EVERY_MS);
    if (isRunning(last))
      throw new Refusal(
        `${stateDirectory} is held by the supervisor with pid ${last.pid}. Attach to it, stop it, or set "stateDirectory" to another folder.`,
      );
  }
  securePlace(socket);
  await removeStale(socket);
}
