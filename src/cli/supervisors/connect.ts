/** Finds the supervisor that a command's options mean, or says that none is running. */
import { findConfig } from "../../config/find.ts";
import { type Places, readPlaces } from "../../config/places.ts";
import { projectName, tilde, USER } from "../../config/project.ts";
import { ask, type ControlClient } from "../../control/client.ts";
import type { Snapshot } from "../../control/protocol.ts";
import { ownName } from "../../files/home.ts";
import { isGone } from "../../files/is-there.ts";
import { isRunning, lastSupervisorOf, runningSupervisors } from "../../files/supervisors.ts";
import { Refusal } from "../../refusal.ts";
import { list } from "../../words/list.ts";
import { say } from "../print.ts";
import { settleCommon } from "./settle-common.ts";
import { connectOnceBack } from "./when-back.ts";

export interface Options {
  config?: string;
  json?: boolean;
}

/** Where that supervisor keeps its files; works even when the config has problems. */
export async function placesOf(options: Options): Promise<Places> {
  await settleCommon();
  return readPlaces(findConfig(options.config));
}

/**
 * The supervisor at `places`, or null when none is running. Refuses one that runs with another config:
 * two may name the same state directory.
 */
export async function tryConnect(places: Places, watch = false): Promise<ControlClient | null> {
  const other = anotherThere(places);
  if (other !== null) throw new Refusal(other);
  try {
    return await connectOnceBack(places.stateDirectory, watch);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal(`The supervisor for ${projectName(places.project)} can't be reached: ${error.message}`);
  }
}

/** Fails with exit code 3 when no supervisor is running. */
export async function mustConnect(options: Options, watch = false): Promise<ControlClient> {
  const places = await placesOf(options);
  const client = await tryConnect(places, watch);
  if (client === null) throw new Refusal(await noneFor(places), 3);
  sayWhich(places, options);
  return client;
}

/** Where several of the user's supervisors run, a line on stderr that says which one this command means. */
export function sayWhich({ project, stateDirectory }: Places, { json }: Options): void {
  const others = runningSupervisors().filter((one) => one.stateDirectory !== stateDirectory);
  if (others.length > 0 && !json) say(`supervisor of ${projectName(project)}`);
}

async function noneFor(places: Places): Promise<string> {
  const none = `No supervisor is running for ${projectName(places.project)}. Start one: supervisor start`;
  const { leftRunning } = await import("./left-running.ts");
  const lines = [none, leftRunning(places.stateDirectory), runningElsewhere(places)];
  return lines.filter((line) => line !== null).join("\n");
}

/** Names the user's supervisors that run, other than that of `places`; null where there is none. */
export function runningElsewhere({ stateDirectory }: Places): string | null {
  const others = runningSupervisors().filter((one) => one.stateDirectory !== stateDirectory);
  if (others.length === 0) return null;
  return `Running: ${list(others.map((one) => projectName(one.project)))}. See: supervisor status --all`;
}

/** What to say of a live supervisor of another config in this state directory; null where there is none. */
function anotherThere({ project, stateDirectory }: Places): string | null {
  const there = lastSupervisorOf(stateDirectory);
  if (there === null || there.project === project || !isRunning(there)) return null;
  // Its config was moved: the way to stop it must not be lost with the old name.
  if (there.project !== USER && isGone(there.project)) return null;
  const config = there.project === USER ? "" : ` --config ${tilde(there.project)}`;
  return (
    `The state directory ${tilde(stateDirectory)} is in use by the supervisor of ${projectName(there.project)} ` +
    `(pid ${there.pid}), not of ${projectName(project)}. Give one of them a "stateDirectory" of its own, ` +
    `or stop that one first: supervisor stop${config}`
  );
}

export const snapshotOf = async (client: ControlClient): Promise<Snapshot> =>
  (await ask(client, { verb: "snapshot" })) as Snapshot;

/** The user, as shown in the audit log. */
export const askedBy = ownName;
