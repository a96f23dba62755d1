/**
 * A pause whose time (`--for`, `--until`) is over before it is proven: the job may go on in the very tick
 * that proves it, so that no snapshot ever shows it paused. Then the audit's own event tells what came of it.
 */
import type { JobView, Snapshot } from "../control/protocol.ts";
import { isWorking } from "../model/state.ts";
import type { Outcome } from "./follow-jobs.ts";

/** As `judge` says, and the end of a pause that is over already. `before`: the snapshot of before the request. */
export function orOver(
  judge: (job: JobView) => Outcome,
  before: Snapshot,
  untilMs: number | null,
): (job: JobView, snapshot: Snapshot) => Outcome {
  const last = before.events.at(-1)?.id ?? 0;
  return (job, { events, atMs }) => {
    const outcome = judge(job);
    if (outcome.end !== null || untilMs === null || !isWorking(job.state)) return outcome;
    const done = events.find(
      ({ id, kind, job: name }) => id > last && kind === "pause.completed" && name === job.name,
    );
    if (done !== undefined) return { end: "good", text: "was paused; its time is over, and it goes on" };
    if (atMs < untilMs || job.manual?.want === "pause") return outcome;
    return { end: "bad", text: "wasn't paused: its time was over before it could be asked; it goes on" };
  };
}
