/** `stop`: stops the supervisor; saves and pauses its jobs first, unless `--leave-jobs` is given. */

import type { Snapshot } from "../../control/protocol.ts";
import { isHeld, LIVE_STATES } from "../../model/state.ts";
import { Refusal } from "../../refusal.ts";
import { listedText } from "../../words/why.ts";
import { ask, askedBy, mustConnect, type Options, placesOf, tryConnect } from "../connect.ts";
import { print, say } from "../print.ts";

/** States in which a stop waits until the job is saved, or can't be. */
const OPEN: readonly string[] = LIVE_STATES.filter((name) => !isHeld(name));

export async function stop(options: Options & { leaveJobs?: boolean }): Promise<void> {
  const client = await mustConnect(options, true);
  try {
    let last: Snapshot | null = null;
    let told = "";
    client.onSnapshot((snapshot) => {
      last = snapshot;
      const open = snapshot.jobs
        .filter((job) => OPEN.includes(job.state))
        .map((job) => `${job.name} (${job.state})`);
      const line = `saving and pausing: ${open.join(", ")}`;
      if (!options.leaveJobs && open.length > 0 && line !== told) say(line);
      told = line;
    });
    try {
      await ask(client, { verb: "stop", pauseJobs: !options.leaveJobs, by: askedBy() });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // If the answer was lost because the supervisor ended, the stop has succeeded.
      const still = await tryConnect(placesOf(options));
      still?.close();
      if (still !== null) throw error;
    }
    print(`Stopped. ${summary(last, options.leaveJobs ?? false)}`);
  } finally {
    client.close();
  }
}

function summary(snapshot: Snapshot | null, leave: boolean): string {
  const named = (...states: string[]): string =>
    (snapshot?.jobs ?? [])
      .filter((job) => states.includes(job.state))
      .map((job) => job.name)
      .join(", ");
  const alive = named(...LIVE_STATES);
  if (leave) return alive === "" ? "No job is running." : `Left as they are: ${alive}.`;
  const listed = (snapshot?.jobs ?? []).flatMap(({ name, why }) =>
    why.listed === undefined ? [] : [{ name, text: `${name} (${listedText(why.listed)})` }],
  );
  const open = named(...OPEN)
    .split(", ")
    .filter((name) => !listed.some((one) => one.name === name));
  const [paused, frozen, late] = [named("paused"), named("frozen"), open.join(", ")];
  const parts = [
    ...(paused === "" ? [] : [`Saved and paused: ${paused}. The next start resumes what stop paused.`]),
    ...(frozen === ""
      ? []
      : [`Frozen, as they can't save: ${frozen}. They hold their memory until the next start.`]),
    ...(listed.length === 0
      ? []
      : [
          `Ended, but its GPU isn't free: ${listed.map(({ text }) => text).join(", ")}. The next start looks again.`,
        ]),
    ...(late === "" ? [] : [`Asked, but not saved in time and left running: ${late}.`]),
  ];
  return parts.length === 0 ? "No job is left running." : parts.join(" ");
}
