/** Waiting for something to become true of the jobs, snapshot by snapshot. */
import type { ControlClient } from "../control/client.ts";
import type { JobView, Snapshot } from "../protocol.ts";
import { Failure } from "./failure.ts";
import { say } from "./print.ts";

/**
 * The first answer that isn't null, asked of each snapshot that arrives from now on. Fails with exit
 * code 3 when the supervisor goes away before there is one.
 */
export function follow<T>(client: ControlClient, judge: (snapshot: Snapshot) => T | null): Promise<T> {
  return new Promise((resolve, reject) => {
    let known = true;
    client.onClose((reason) => reject(new Failure(`Nobody knows how it went on: ${reason}.`, 3)));
    client.onSnapshot((snapshot) => {
      // The one that is known already was taken before anything was asked.
      if (known) return;
      try {
        const answer = judge(snapshot);
        if (answer !== null) resolve(answer);
      } catch (error) {
        reject(error);
      }
    });
    known = false;
  });
}

/** How far one job has come: still under way, or at an end that is good or bad. */
export type Outcome = { end: "good" | "bad" | null; text: string };

/**
 * Follows jobs until each has come to an end, telling every change once: ends on stdout by `done`,
 * the rest on stderr. Resolves with how many ended badly.
 */
export async function followJobs(
  client: ControlClient,
  names: string[],
  judge: (job: JobView) => Outcome,
  done: (line: string) => void,
): Promise<number> {
  const open = new Set(names);
  const last = new Map<string, string>();
  let bad = 0;
  await follow(client, (snapshot) => {
    for (const name of [...open]) {
      const job = snapshot.jobs.find((one) => one.name === name);
      const outcome: Outcome = job ? judge(job) : { end: "bad", text: "is no longer on the list of jobs" };
      const line = `${name}  ${outcome.text}`;
      if (outcome.end === null) {
        if (last.get(name) !== line) say(line);
        last.set(name, line);
        continue;
      }
      open.delete(name);
      if (outcome.end === "bad") bad++;
      done(line);
    }
    return open.size === 0 ? true : null;
  });
  return bad;
}
