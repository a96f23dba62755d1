/** Waits for jobs to reach a state, snapshot by snapshot. */
import type { ControlClient } from "../control/client.ts";
import type { JobView, Snapshot } from "../control/protocol.ts";
import { Refusal } from "../refusal.ts";
import { print, say } from "./print.ts";

/**
 * Resolves with the first answer of `judge` that isn't null, of the snapshots that arrive from now on.
 * Fails with exit code 3 when the connection is lost first.
 */
export function follow<T>(client: ControlClient, judge: (snapshot: Snapshot) => T | null): Promise<T> {
  return new Promise((resolve, reject) => {
    let known = true;
    client.onClose((reason) => reject(new Refusal(`Lost contact with the supervisor: ${reason}.`, 3)));
    client.onSnapshot((snapshot) => {
      // The snapshot already here is older than the request.
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

/** How far a job has come: in progress (null), or at a good or bad end. */
export type Outcome = { end: "good" | "bad" | null; text: string };

/**
 * Follows jobs until each has reached an end, which `done` receives; changes before it are printed once
 * each on stderr. Resolves with how many ended badly.
 */
export async function followJobs(
  client: ControlClient,
  names: string[],
  judge: (job: JobView, snapshot: Snapshot) => Outcome,
  done: (name: string, outcome: Outcome) => void = printOutcome,
): Promise<number> {
  const open = new Set(names);
  const last = new Map<string, string>();
  let bad = 0;
  await follow(client, (snapshot) => {
    for (const name of [...open]) {
      const job = snapshot.jobs.find((one) => one.name === name);
      const outcome: Outcome = job ? judge(job, snapshot) : { end: "bad", text: "no longer exists" };
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

/** Further lines are set in under its beginning, as `why` has them: they are the same job's. */
const lineOf = (name: string, { text }: Outcome): string =>
  `${name}  ${text.replaceAll("\n", `\n${" ".repeat(name.length + 2)}`)}`;

/** Prints a job's end on stdout. */
export const printOutcome = (name: string, outcome: Outcome): void => print(lineOf(name, outcome));
