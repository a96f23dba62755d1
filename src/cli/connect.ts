/** Finds the supervisor that a command's options mean, or says that none is running. */
import { userInfo } from "node:os";
import { closest } from "../config/check/suggest.ts";
import { findConfig } from "../config/find.ts";
import { type Places, readPlaces } from "../config/places.ts";
import { type ControlClient, connectControl, NoSupervisor } from "../control/client.ts";
import type { Answer, JobView, Request, Snapshot } from "../control/protocol.ts";
import { socketPath } from "../files/state-paths.ts";
import { misuse, Refusal } from "../refusal.ts";

export interface Options {
  config?: string;
  json?: boolean;
}

/** Where that supervisor keeps its files; works even when the config has problems. */
export const placesOf = (options: Options): Places => readPlaces(findConfig(options.config));

/** The supervisor at `places`, or null when none is running. */
export async function tryConnect(places: Places, watch = false): Promise<ControlClient | null> {
  try {
    return await connectControl(socketPath(places.stateDirectory), { watch });
  } catch (error) {
    if (error instanceof NoSupervisor) return null;
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal(`The supervisor for ${places.database} can't be reached: ${error.message}`);
  }
}

/** Fails with exit code 3 when no supervisor is running. */
export async function mustConnect(options: Options, watch = false): Promise<ControlClient> {
  const places = placesOf(options);
  const client = await tryConnect(places, watch);
  if (client !== null) return client;
  throw new Refusal(`No supervisor is running for ${places.database}. Start one: supervisor start`, 3);
}

/** The result of a request; a refusal ends the command with the supervisor's own sentence. */
export async function ask(client: ControlClient, request: Request): Promise<unknown> {
  let answer: Answer;
  try {
    answer = await client.request(request);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal(`No answer: ${error.message}.`, 3);
  }
  if (answer.ok) return answer.result;
  throw new Refusal(answer.error, answer.code === "bad-request" || answer.code === "unknown-job" ? 2 : 1);
}

export const snapshotOf = async (client: ControlClient): Promise<Snapshot> =>
  (await ask(client, { verb: "snapshot" })) as Snapshot;

/** The jobs with these names; an unknown name fails with the closest known one. */
export function jobsNamed(names: string[], jobs: JobView[]): JobView[] {
  return names.map((name) => {
    const job = jobs.find((one) => one.name === name);
    if (job === undefined)
      throw misuse(
        noSuchJob(
          name,
          jobs.map((one) => one.name),
        ),
      );
    return job;
  });
}

export function noSuchJob(name: string, known: string[]): string {
  const guess = closest(name, known);
  if (guess !== null) return `There is no job '${name}'. Did you mean '${guess}'?`;
  return `There is no job '${name}'. ${known.length === 0 ? "There are none." : `There are: ${known.join(", ")}.`}`;
}

/** The user, as shown in the audit log. */
export function askedBy(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "?"}`;
  }
}
