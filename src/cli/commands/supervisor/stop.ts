/** `stop`: stops the supervisor; saves and pauses its jobs first, unless `--leave-jobs` is given. */

import { ask } from "../../../control/client.ts";
import type { JobView, Snapshot } from "../../../control/protocol.ts";
import { lastSupervisorOf } from "../../../files/supervisors.ts";
import { isSuspended, isWorking, LIVE_STATES } from "../../../model/state.ts";
import { Refusal } from "../../../refusal.ts";
import { list } from "../../../words/list.ts";
import { roomText } from "../../../words/sentences/room.ts";
import { listedText, unaskedText } from "../../../words/sentences/why-pausing.ts";
import { print, say } from "../../print.ts";
import { askedBy, mustConnect, type Options, placesOf, tryConnect } from "../../supervisors/connect.ts";
import { leftRunning } from "../../supervisors/left-running.ts";
import { whenEnded } from "../../supervisors/when-back.ts";

/** States in which a stop waits until the job is saved, or can't be. */
const OPEN: readonly string[] = LIVE_STATES.filter((name) => !isSuspended(name));

/** How a job is paused that has what it did saved. */
const SAVING: JobView["method"][] = ["checkpoint", "standby"];

/** A service isn't ours to stop. */
const isOpen = ({ state, service }: JobView): boolean => OPEN.includes(state) && service === undefined;

/** Resolves with 1 when a job that was to be saved isn't. */
export async function stop(options: Options & { leaveJobs?: boolean }): Promise<number> {
  const client = await mustConnect(options, true);
  const running = lastSupervisorOf((await placesOf(options)).stateDirectory);
  try {
    let last: Snapshot | null = null;
    let told: string[] = [];
    const asked = new Set<string>();
    client.onSnapshot((snapshot) => {
      last = snapshot;
      for (const job of snapshot.jobs) if (isOpen(job)) asked.add(job.name);
      const lines = openLines(snapshot.jobs.filter(isOpen));
      if (!options.leaveJobs) for (const line of lines) if (!told.includes(line)) say(line);
      told = lines;
    });
    try {
      await ask(client, { verb: "stop", pauseJobs: !options.leaveJobs, by: askedBy() });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // If the answer was lost because the supervisor ended, the stop has succeeded.
      const still = await tryConnect(await placesOf(options));
      still?.close();
      if (still !== null) throw error;
    }
    // A start, or whoever removes its files, may come the moment this command ends.
    await whenEnded(running);
    print(`Stopped. ${summary(last, options.leaveJobs ?? false)}`);
    if (options.leaveJobs) return 0;
    const bad = jobsOf(last).flatMap((job) => (asked.has(job.name) ? (unsaved(job) ?? []) : []));
    for (const line of bad) print(line);
    const left = leftRunning((await placesOf(options)).stateDirectory);
    if (bad.length > 0 && left !== null) print(left);
    return bad.length > 0 ? 1 : 0;
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
    ...jobs.flatMap(({ name, why }) => (why.cantAsk === undefined ? [] : [`${name}  ${unaskedText(why)}`])),
  ];
}

/** What became of a job that was to be saved, if it isn't; null if all is well. */
function unsaved({ name, state, why }: JobView): string | null {
  if (why.listed !== undefined)
    return `${name} has ended, but ${listedText(why.listed)}. The next start looks again.`;
  if (isWorking(state))
    return `${name} can't be paused, and is left running: ${roomText(why.room ?? "ranks")}`;
  if (OPEN.includes(state)) return `${name} was asked to pause but didn't save in time, and is left running`;
  const reason = why.unsaved ?? (state === "waiting" ? why.failure : why.assumed);
  return reason === undefined ? null : `${name} wasn't saved: ${reason}`;
}

const jobsOf = (snapshot: Snapshot | null): JobView[] => snapshot?.jobs ?? [];

function summary(snapshot: Snapshot | null, leave: boolean): string {
  const named = (...states: string[]): string =>
    jobsOf(snapshot)
      .filter((job) => states.includes(job.state) && job.why.unsaved === undefined)
      .map((job) => job.name)
      .join(", ");
  const alive = named(...LIVE_STATES);
  if (leave) return alive === "" ? "No job is running." : `Left as they are: ${alive}.`;
  const [paused, frozen] = [named("paused"), named("frozen")];
  const services = jobsOf(snapshot)
    .filter(({ service, state }) => service !== undefined && state !== "absent")
    .map(({ name, state }) => `${name} (${state})`);
  const parts = [
    ...(paused === "" ? [] : [`Saved and paused: ${paused}. The next start resumes what stop paused.`]),
    ...(frozen === ""
      ? []
      : [`Frozen, as they can't save: ${frozen}. They hold their memory until the next start.`]),
    ...(services.length === 0 ? [] : [`Services are left as they are: ${list(services)}.`]),
  ];
  return parts.length === 0 && alive === "" ? "No job is left running." : parts.join(" ");
}
