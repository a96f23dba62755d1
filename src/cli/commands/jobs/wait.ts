/** `wait JOB…`: returns when the jobs have ended; 0 when all of them finished, 1 otherwise, also when its time is over. */
import { setTimeout as sleep } from "node:timers/promises";
import { elapsedMs, wallMs } from "../../../clock.ts";
import type { ControlClient } from "../../../control/client.ts";
import type { JobView } from "../../../control/protocol.ts";
import { Refusal } from "../../../refusal.ts";
import { duration } from "../../../words/duration.ts";
import { list } from "../../../words/list.ts";
import { whyBeside } from "../../../words/sentences/why/why.ts";
import { clockTime } from "../../../words/time.ts";
import { followJobs, type Outcome, printOutcome } from "../../follow-jobs.ts";
import { jobsNamed } from "../../named-jobs.ts";
import { durationMs } from "../../parse-time.ts";
import { say } from "../../print.ts";
import { mustConnect, type Options, snapshotOf } from "../../supervisors/connect.ts";

/** A restarted supervisor is back within this time; its jobs keep running meanwhile. */
const RECONNECT_FOR_MS = 60_000;

/** Node fires a longer one at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface WaitOptions extends Options {
  timeout?: string;
}

export async function wait(names: string[], options: WaitOptions): Promise<number> {
  const timeoutMs = options.timeout === undefined ? null : durationMs(options.timeout, "--timeout");
  const client = await mustConnect(options, true);
  const open = new Set(names);
  const over = new AbortController();
  try {
    jobsNamed(names, (await snapshotOf(client)).jobs);
    const all = untilEnded(client, open);
    if (timeoutMs === null) return await all;
    const code = await Promise.race([all, pass(timeoutMs, over.signal)]);
    if (code !== null) return code;
    // What the connection's end says of the rest is of no interest.
    all.catch(() => {});
    say(`Gave up waiting after ${duration(timeoutMs)} for ${list([...open])}.`);
    return 1;
  } finally {
    over.abort();
    client.close();
  }
}

/** As long as that may be. */
async function pass(ms: number, signal: AbortSignal): Promise<null> {
  for (let left = ms; left > 0; left -= LONGEST_TIMER_MS)
    await sleep(Math.min(left, LONGEST_TIMER_MS), null, { signal });
  return null;
}

/** Takes each job out of `open` as its end is told. Resolves with the exit code. */
async function untilEnded(client: ControlClient, open: Set<string>): Promise<number> {
  let bad = 0;
  while (open.size > 0) {
    try {
      // Counted as each is told: the connection may break before the last one is.
      await followJobs(client, [...open], ended, (name, outcome) => {
        open.delete(name);
        if (outcome.end === "bad") bad++;
        printOutcome(name, outcome);
      });
    } catch (error) {
      if (!(error instanceof Refusal) || error.exitCode !== 3) throw error;
      await reconnect(client);
    }
  }
  return bad > 0 ? 1 : 0;
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
  return { end: null, text: job.manual?.want === "pause" ? heldByHand(job) : job.state };
}

/** Nothing but a person, or the time that one gave, brings it nearer to its end. */
function heldByHand({ name, state, manual }: JobView): string {
  const until = manual?.want === "pause" ? manual.untilMs : null;
  const held = `${state}: paused by hand`;
  return until === null
    ? `${held}, it ends only after somebody resumes it: supervisor resume ${name}`
    : `${held}, until ${clockTime(until, wallMs())}`;
}
