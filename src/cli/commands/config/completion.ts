/**
 * `completion`: the script for a shell; with words behind it, what may stand in the last of them, which the script asks
 * at each Tab. Then it is quick and silent: it waits for no supervisor that doesn't answer.
 */

import type { Command } from "commander";
import { findConfig } from "../../../config/find.ts";
import { readPlaces } from "../../../config/places.ts";
import { connectControl } from "../../../control/client.ts";
import type { Snapshot } from "../../../control/protocol.ts";
import { socketPath } from "../../../files/state-paths.ts";
import { misuse } from "../../../refusal.ts";
import { list } from "../../../words/list.ts";
import { expectedHere } from "../../completion/expected-here.ts";
import { isShell, LINES, SCRIPTS, SHELLS, type Shell } from "../../completion/shell-scripts.ts";
import { configuredJobs } from "../../named-jobs.ts";
import { print } from "../../print.ts";
import { TOPIC_NAMES } from "./help.ts";

/** Somebody waits with a finger on the key. */
const ANSWERS_WITHIN_MS = 1000;

export async function completion(cli: Command, [shell = "", ...words]: string[]): Promise<void> {
  if (!isShell(shell))
    throw misuse(`There is no completion for '${shell}'. There is one for ${list(SHELLS())}.`);
  if (words.length === 0) print(SCRIPTS[shell].trimEnd());
  else await complete(cli, shell, words);
}

async function complete(cli: Command, shell: Shell, words: string[]): Promise<void> {
  const { candidates, names, config } = expectedHere(cli, words, TOPIC_NAMES);
  const jobs = names === "jobs" ? await jobNames(config) : [];
  for (const candidate of [...jobs.map((word) => ({ word, about: "a job" })), ...candidates])
    if (candidate.word.startsWith(words.at(-1) ?? "")) print(LINES[shell](candidate));
  if (names !== null && names !== "jobs") print(`:${names}`);
}

/** Of the supervisor that runs, else of the config. */
async function jobNames(config: string | undefined): Promise<string[]> {
  try {
    const { file, stateDirectory } = readPlaces(findConfig(config));
    return (await runningJobs(stateDirectory)) ?? (file === null ? [] : configuredJobs(file));
  } catch {
    return [];
  }
}

/** Null where no supervisor answers in time. */
async function runningJobs(stateDirectory: string): Promise<string[] | null> {
  try {
    const client = await connectControl(socketPath(stateDirectory), { watch: false });
    const timer = setTimeout(() => client.close(), ANSWERS_WITHIN_MS);
    const answer = await client.request({ verb: "snapshot" }).finally(() => clearTimeout(timer));
    client.close();
    return answer.ok ? (answer.result as Snapshot).jobs.map(({ name }) => name) : null;
  } catch {
    return null;
  }
}
