/** `stop`: stops the supervisor; saves and pauses its jobs first, unless `--leave-jobs` is given. */

import { ask } from "../../../control/client.ts";
import type { JobView } from "../../../control/protocol.ts";
import { lastSupervisorOf } from "../../../files/supervisors.ts";
import { Refusal } from "../../../refusal.ts";
import { isOpen, StopOutcome } from "../../../show/stop-outcome.ts";
import { obstacleText } from "../../../words/sentences/why/why-pausing.ts";
import { print, say } from "../../print.ts";
import { askedBy, mustConnect, type Options, placesOf, tryConnect } from "../../supervisors/connect.ts";
import { leftRunning } from "../../supervisors/left-running.ts";
import { whenEnded } from "../../supervisors/when-back.ts";

/** How a job is paused that has what it did saved. */
const SAVING: JobView["method"][] = ["checkpoint", "standby"];

/** Resolves with 1 when a job that was to be saved isn't, or the end isn't recorded. */
export async function stop(options: Options & { leaveJobs?: boolean }): Promise<number> {
  const client = await mustConnect(options, true);
  const running = lastSupervisorOf((await placesOf(options)).stateDirectory);
  try {
    let told: string[] = [];
    const outcome = new StopOutcome();
    client.onSnapshot((snapshot) => {
      outcome.take(snapshot);
      const lines = openLines(snapshot.jobs.filter(isOpen));
      if (!options.leaveJobs) for (const line of lines) if (!told.includes(line)) say(line);
      told = lines;
    });
    let answer: { unrecorded?: string } | null = null;
    try {
      const pauseJobs = !options.leaveJobs;
      answer = (await ask(client, { verb: "stop", pauseJobs, by: askedBy() })) as { unrecorded?: string };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // If the answer was lost because the supervisor ended, the stop has succeeded.
      const still = await tryConnect(await placesOf(options));
      still?.close();
      if (still !== null) throw error;
    }
    print(`Stopped. ${options.leaveJobs ? outcome.leftAlone : outcome.summary}`);
    const bad = options.leaveJobs ? [] : outcome.unsaved(answer !== null);
    for (const line of bad) print(line);
    const left = leftRunning((await placesOf(options)).stateDirectory);
    if (bad.length > 0 && left !== null) print(left);
    if (answer?.unrecorded) print(answer.unrecorded);
    // A start, or whoever removes its files, may come the moment this command ends.
    await whenEnded(running);
    return bad.length > 0 || answer?.unrecorded ? 1 : 0;
  } finally {
    client.close();
  }
}

/** Those that can save, the others, and what is waited for where nobody knows that yet. */
function openLines(jobs: JobView[]): string[] {
  const named = (saves: boolean): string =>
    jobs
      .filter(({ method }) => SAVING.includes(method) === saves)
      .map(({ name, state }) => `${name} (${state})`)
      .join(", ");
  const [saving, others] = [named(true), named(false)];
  return [
    ...(saving === "" ? [] : [`saving and pausing: ${saving}`]),
    ...(others === "" ? [] : [`pausing: ${others}`]),
    ...jobs
      .map(({ name, why }) => ({ name, obstacle: obstacleText(why) }))
      .filter(({ obstacle }) => obstacle !== "")
      .map(({ name, obstacle }) => `${name}  ${obstacle}`),
  ];
}
