/** `resume JOB… | --all`: returns when each job runs again, or says what it waits for. */

import { wallMs } from "../../clock.ts";
import type { ControlClient } from "../../control/client.ts";
import type { JobView } from "../../control/protocol.ts";
import { number } from "../../words/number.ts";
import { clockTime } from "../../words/time.ts";
import { whyBeside } from "../../words/why.ts";
import { ask, askedBy, mustConnect, type Options, snapshotOf } from "../connect.ts";
import { followJobs, type Outcome } from "../follow-jobs.ts";
import { print } from "../print.ts";
import { chosen, overdueText } from "./pause.ts";

export interface ResumeOptions extends Options {
  all?: boolean;
  wait: boolean;
  adopt?: boolean;
}

/** The first snapshot after a request may still describe the moment before it. */
const SETTLED_AFTER = 2;

export async function resume(names: string[], options: ResumeOptions): Promise<number> {
  const client = await mustConnect(options, true);
  try {
    const jobs = chosen(names, options, await snapshotOf(client), "resume");
    if (jobs.length === 0) print("There is no job to resume.");
    if (jobs.length === 0) return 0;
    await ask(client, { verb: "resume", jobs, by: askedBy(), ...(options.adopt && { adopt: true }) });
    return await followResume(client, jobs, options);
  } finally {
    client.close();
  }
}

/** After the request: until each job runs, or what it waits for is known. Resolves with the exit code. */
export async function followResume(
  client: ControlClient,
  jobs: string[],
  { wait }: { wait: boolean },
): Promise<number> {
  if (!wait) {
    print(`asked for ${jobs.join(", ")} to resume`);
    return 0;
  }
  const waited = new Map<string, number>();
  return (await followJobs(client, jobs, (job) => resumeOutcome(job, waited))) > 0 ? 1 : 0;
}

function resumeOutcome(job: JobView, waited: Map<string, number>): Outcome {
  switch (job.state) {
    case "running":
      return { end: "good", text: running(job) };
    case "finished":
      return { end: "good", text: "finished meanwhile" };
    case "cancelled":
      return { end: "bad", text: "cancelled meanwhile" };
    case "failed":
      return { end: "bad", text: `failed: ${whyBeside(job.why, wallMs())}` };
    case "starting":
    case "lost":
      return { end: null, text: job.state };
    case "pausing":
      // A pause that may never end isn't waited for.
      if (job.overdue === "waiting") return { end: "bad", text: overdueText(job, "resume") };
      return { end: null, text: "finishing its pause first" };
    default: {
      const times = (waited.get(job.name) ?? 0) + 1;
      waited.set(job.name, times);
      const settled = times > SETTLED_AFTER && job.why.waitingFor.length > 0;
      return settled ? { end: "good", text: waits(job) } : { end: null, text: "asked" };
    }
  }
}

function running(job: JobView): string {
  const run =
    job.run === null
      ? ""
      : ` (run ${job.run}${job.checkpoint?.step == null ? "" : `, from step ${number(job.checkpoint.step)}`})`;
  const until = job.manual?.want === "run" ? job.manual.windowUntilMs : null;
  if (until === null) return `running${run}`;
  return `running${run} outside its window until that next closes (${clockTime(until, wallMs())}). Back to waiting: supervisor pause ${job.name}`;
}

function waits(job: JobView): string {
  const next = job.why.next === null ? "" : `\n  next: ${job.why.next.text}`;
  return `waits: ${job.why.waitingFor.map(({ text }) => text).join("; ")}${next}`;
}
