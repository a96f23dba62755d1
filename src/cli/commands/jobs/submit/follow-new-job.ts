/** `run --follow`: a new job's log from its first line on, as `logs -f` follows it, with the job's own exit code. */
import { wallMs } from "../../../../clock.ts";
import type { ControlClient } from "../../../../control/client.ts";
import type { JobView } from "../../../../control/protocol.ts";
import { whyBeside } from "../../../../words/sentences/why/why.ts";
import type { Outcome } from "../../../follow-jobs.ts";
import { JobEnd } from "../../../logs/job-end.ts";
import { LogLines } from "../../../logs/log-lines.ts";
import { closeParts, openParts, type Part } from "../../../logs/log-parts.ts";
import { showLog } from "../../../logs/show-log.ts";
import { untilEnd } from "../../../logs/until-end.ts";
import { say } from "../../../print.ts";
import { ended } from "../wait.ts";

/** What an earlier job of this name has written: taken before the new one is submitted. */
export interface Earlier {
  part: Part | null;
  before: Part | null;
}

export function earlierLog(path: string): Earlier {
  const parts = openParts(path);
  const part = parts.pop() ?? null;
  closeParts(parts);
  return { part, before: parts.at(-1) ?? null };
}

/** Says on stderr what keeps the job from running. Resolves with its exit code, 1 where it has none. */
export async function followNewJob(
  client: ControlClient,
  job: string,
  path: string,
  earlier: Earlier,
): Promise<number> {
  const shown = showLog(job, false);
  const end = new JobEnd(client, job, saying(), true);
  try {
    await untilEnd({ job, path, ...earlier, shown, reader: new LogLines(shown.line) }, end, false);
    return end.exitCode ?? (end.outcome?.end === "good" ? 0 : 1);
  } finally {
    end.close();
  }
}

/** Judges as `wait` does, and says each state that isn't work, once, with its reason at that moment. */
function saying(): (job: JobView) => Outcome {
  let last = "";
  return (job) => {
    const { name, state, why } = job;
    if (state !== last && (last !== "" || why.waitingFor.length > 0)) {
      const reason = whyBeside(why, wallMs());
      const works = state === "starting" || state === "running";
      if (!works && ended(job).end === null) say(`${name}  ${state}${reason === "" ? "" : `: ${reason}`}`);
    }
    if (why.waitingFor.length > 0 || state !== "waiting") last = state;
    return ended(job);
  };
}
