/** `wait JOB…`: returns when the jobs have ended; 0 when all of them finished, 1 otherwise. */
import { setTimeout as sleep } from "node:timers/promises";
import { elapsedMs, wallMs } from "../../../clock.ts";
import type { ControlClient } from "../../../control/client.ts";
import type { JobView } from "../../../control/protocol.ts";
import { Refusal } from "../../../refusal.ts";
import { whyBeside } from "../../../words/why.ts";
import { jobsNamed, mustConnect, type Options, snapshotOf } from "../../connect.ts";
import { followJobs, type Outcome, printOutcome } from "../../follow-jobs.ts";
import { say } from "../../print.ts";

/** A restarted supervisor is back within this time; its jobs keep running meanwhile. */
const RECONNECT_FOR_MS = 60_000;

export async function wait(names: string[], options: Options): Promise<number> {
  const client = await mustConnect(options, true);
  const told = new Set<string>();
  try {
    jobsNamed(names, (await snapshotOf(client)).jobs);
    let bad = 0;
    for (;;) {
      const open = names.filter((name) => !told.has(name));
      if (open.length === 0) return bad > 0 ? 1 : 0;
      try {
        // Counted as each is told: the connection may break before the last one is.
        await followJobs(client, open, ended, (name, outcome) => {
          told.add(name);
          if (outcome.end === "bad") bad++;
          printOutcome(name, outcome);
        });
      } catch (error) {
        if (!(error instanceof Refusal) || error.exitCode !== 3) throw error;
        await reconnect(client);
      }
    }
  } finally {
    client.close();
  }
}

async function reconnect(client: ControlClient): Promise<void> {
  say("The supervisor is gone; waiting for it to come back.");
  for (const until = elapsedMs() + RECONNECT_FOR_MS; ; ) {
    await sleep(500);
    try {
      return await client.reconnect();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (elapsedMs() > until) throw new Refusal(`The supervisor is gone: ${error.message}.`, 3);
    }
  }
}

/** How far a job is from its end, for `followJobs`. */
export function ended(job: JobView): Outcome {
  if (job.state === "finished") return { end: "good", text: "finished" };
  if (job.state === "cancelled") return { end: "bad", text: "cancelled" };
  if (job.state === "failed") return { end: "bad", text: `failed: ${whyBeside(job.why, wallMs())}` };
  return { end: null, text: job.state };
}
