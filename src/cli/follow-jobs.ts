/** Waiting for something to become true of the jobs, snapshot by snapshot. */
import type { ControlClient } from "../control/client.ts";
import type { JobView, Snapshot } from "../control/protocol.ts";
import { Refusal } from "../refusal.ts";
import { print, say } from "./print.ts";

/**
 * The first answer that isn't null, asked of each snapshot that arrives from now on. Fails with exit
 * code 3 when the supervisor goes away before there is one.
 */
export function follow<T>(client: ControlClient, judge: (snapshot: Snapshot) => T | null): Promise<T> {
  return new Promise((resolve, reject) => {
    let known = true;
    client.onClose((reason) => reject(new Refusal(`Nobody knows how it went on: ${reason}.`, 3)));
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
 * Follows jobs until each has come to an end, which `done` is told; the changes before it are said once
 * each on stderr. Resolves with how many ended badly.
 */
export async function followJobs(
  client: ControlClient,
  names: string[],
  judge: (job: JobView) => Outcome,
  done: (name: string, outcome: Outcome) => void = printOutcome,
): Promise<number> {
  const open = new Set(names);
  const last = new Map<string, string>();
  let bad = 0;
  await follow(client, (snapshot) => {
    for (const name of [...open]) {
      const job = snapshot.jobs.find((one) => one.name === name);
      const outcome: Outcome = job ? judge(job) : { end: "bad", text: "is no longer on the list of jobs" };
      if (outcome.end === null) {
        if (last.get(name) !== outcome.text) say(lineOf(name, outcome));
        last.set(name, outcome.text);
        continue;
      }
      open.delete(name);
      if (outcome.end === "bad") bad++;
      done(name, outcome);
    }
    return open.size === 0 ? true : null;
  });
  return bad;
}

const lineOf = (name: string, { text }: Outcome): string => `${name}  ${text}`;

/** The end of a job, on stdout. */
export const printOutcome = (name: string, outcome: Outcome): void => print(lineOf(name, outcome));
