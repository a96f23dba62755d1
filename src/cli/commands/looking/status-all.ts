/** `status --all`: every supervisor of this user that is running, each with its jobs. */
import { readPlaces } from "../../../config/places.ts";
import { projectName, USER } from "../../../config/project.ts";
import type { Snapshot } from "../../../control/protocol.ts";
import { commonStateDirectory } from "../../../files/state-paths.ts";
import { isRunning, listSupervisors, type SupervisorRecord } from "../../../files/supervisors.ts";
import { Refusal } from "../../../refusal.ts";
import { formatAll, type Shown } from "../../../show/plain-all.ts";
import { shellWord } from "../../../words/shell-word.ts";
import { print, printJson, say, width } from "../../print.ts";
import { type Options, placesOf, snapshotOf } from "../../supervisors/connect.ts";
import { leftRunning } from "../../supervisors/left-running.ts";
import { connectOnceBack } from "../../supervisors/when-back.ts";

interface Place {
  project: string;
  stateDirectory: string;
  /** Null where only its socket tells whether it runs: earlier versions left no record. */
  pid: number | null;
}

export async function statusOfAll(options: Options): Promise<number> {
  const unread: string[] = [];
  const recorded = listSupervisors(unread);
  const places = await knownPlaces(options, recorded.filter(isRunning));
  const looks = await Promise.all(places.map(look));
  const found = looks.filter((one) => one !== null);
  if (options.json) printJson({ supervisors: found.map(asJson) });
  else if (found.length > 0) print(formatAll(found.map(asShown), width()));
  sayLeft(found, recorded);
  if (found.length === 0 && unread.length > 0) throw new Refusal(unread.join("\n"));
  for (const one of unread) say(one);
  if (found.length > 0) return 0;
  throw new Refusal("No supervisor of yours is running. Start one: supervisor start", 3);
}

/** So many supervisors that have ended are looked after. */
const MOST_ENDED = 20;

/** What supervisors that don't run have left running. */
function sayLeft(found: Looked[], recorded: SupervisorRecord[]): void {
  const runs = (one: SupervisorRecord): boolean =>
    isRunning(one) || found.some(({ place, answer }) => isSame(place, one) && !("error" in answer));
  for (const { project, stateDirectory } of recorded.filter((one) => !runs(one)).slice(0, MOST_ENDED)) {
    const config = project === USER ? "" : ` --config ${shellWord(project)}`;
    const left = leftRunning(stateDirectory, `supervisor start${config}`);
    if (left !== null) say(`No supervisor is running for ${projectName(project)}. ${left}`);
  }
}

async function knownPlaces(options: Options, running: SupervisorRecord[]): Promise<Place[]> {
  const { project, stateDirectory } = await placesOf(options);
  const own = readPlaces(null);
  const common = { project: USER, stateDirectory: commonStateDirectory() };
  const unrecorded = [{ project, stateDirectory }, own.project === USER ? own : common, common];
  const all: Place[] = [...running, ...unrecorded.map((one) => ({ ...one, pid: null }))];
  return all.filter((one, at) => all.findIndex((other) => isSame(one, other)) === at);
}

const isSame = (one: Place, other: Place): boolean => one.stateDirectory === other.stateDirectory;

interface Looked {
  place: Place;
  answer: Snapshot | { error: string };
}

/** Null where none is running. */
async function look(place: Place): Promise<Looked | null> {
  try {
    const client = await connectOnceBack(place.stateDirectory);
    if (client === null) return null;
    try {
      return { place, answer: await snapshotOf(client) };
    } finally {
      client.close();
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const hasEnded = error.exitCode === 3;
    return hasEnded && place.pid === null ? null : { place, answer: { error: error.message } };
  }
}

const asShown = ({ place, answer }: Looked): Shown => ({
  name: projectName(place.project),
  ...("error" in answer ? { pid: place.pid, error: answer.error } : { snapshot: answer }),
});

const asJson = ({ place, answer }: Looked): object => ({
  project: place.project,
  stateDirectory: place.stateDirectory,
  ...("error" in answer ? { pid: place.pid, error: answer.error } : answer),
});
