/**
 * A resume that fails at once speaks against its checkpoint: it is passed over for the one before, and the end
 * isn't counted as a failure. Where that fails as well, it wasn't the checkpoint: the newest counts again.
 */
import type { Checkpoint } from "../../../model/run.ts";
import { type Exit, exitCodeOf } from "../../../model/seen.ts";
import { plural } from "../../../words/list.ts";
import { between, fallBack, hold, remember } from "../checkpoints/take-stock.ts";
import type { Transition } from "../transition.ts";
import { keepTurn } from "../turn-taken.ts";
import { leave } from "./leave-run.ts";
import { gotNowhere, passedJustBefore } from "./row.ts";

/** Checkpoints passed over in a row; one more failure shows that something else is wrong. */
const IN_A_ROW = 2;
/** Checkpoints that are passed over. */
export const REMEMBERED = 20;
/** Ends that something outside the program causes, also as a shell passes them on; no program to run. */
const SIGNALS_FROM_OUTSIDE = new Set(["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"]);
const CODES_FROM_OUTSIDE = new Set([126, 127, 129, 130, 137, 143]);

/** How a run ended: `reason` is that as a sentence. */
interface End {
  exit: Exit;
  reason: string;
}

/** What is to be said of the checkpoints besides the end itself ("" for nothing), and what was told as lost and isn't. */
interface Judged {
  besides: string;
  notLost?: (number | null)[];
}

/** Returns `passed over` once the job waits for its next try. Else the end counts as every other. */
export function judgeResume(transition: Transition, end: End): "passed over" | Judged {
  const { job, run } = transition;
  const { checkpoint, older = [], doubts } = job;
  if (checkpoint === null || !failedAtOnce(transition, checkpoint, end)) return { besides: "" };
  if (doubts?.clearedAt === run.number - 1) {
    transition.note({ doubts: { ...doubts, clearedAt: run.number } });
    return { besides: "" };
  }
  const passed = passedJustBefore(transition);
  const [next, ...rest] = older;
  if (next === undefined || passed.length === IN_A_ROW || !job.spec.restart.onFailure)
    return clear(transition, checkpoint, passed);
  passOver(transition, checkpoint, end);
  fallBack(transition, checkpoint, "passed over, since a resume from it failed at once", next);
  hold(transition, next);
  remember(transition, rest);
  return "passed over";
}

function failedAtOnce(transition: Transition, { path }: Checkpoint, { exit }: End): boolean {
  const { run, state } = transition;
  if (state.name !== "starting" && state.name !== "running") return false;
  if (run.resumedFrom !== path || !exit.known) return false;
  if (CODES_FROM_OUTSIDE.has(exit.code) || SIGNALS_FROM_OUTSIDE.has(exit.signal ?? "")) return false;
  return gotNowhere(transition);
}

function passOver(transition: Transition, checkpoint: Checkpoint, { exit, reason }: End): void {
  const { job, run, now } = transition;
  const passedOver = [...(job.doubts?.passedOver ?? []), { checkpoint, run: run.number }];
  transition.note({ doubts: { passedOver: passedOver.slice(-REMEMBERED) } });
  transition.note({ attempts: { ...job.attempts, notBeforeMs: now.monotonicMs } });
  transition.tell(
    run.resuming === undefined ? "job.failed" : "resume.failed",
    "job",
    `${reason} It is tried again from the checkpoint before; this doesn't count as a failure.`,
    { outcome: { code: exitCodeOf(exit) } },
  );
  keepTurn(transition);
  leave(transition, `failed with exit code ${exitCodeOf(exit)}`);
  transition.become({ name: "waiting", since: now, failure: reason });
}

function clear(
  transition: Transition,
  checkpoint: Checkpoint,
  passed: ReturnType<typeof passedJustBefore>,
): Judged {
  const { job, run } = transition;
  const [newest, ...others] = passed.map((one) => one.checkpoint);
  if (newest === undefined) return { besides: "" };
  const passedOver = (job.doubts?.passedOver ?? []).filter((one) => !passed.includes(one));
  transition.note({ doubts: { passedOver, clearedAt: run.number } });
  hold(transition, newest);
  remember(transition, [...others, checkpoint, ...(job.older ?? [])]);
  return {
    besides: ` It fails so from ${plural(passed.length + 1, "checkpoint")}, which then aren't the reason: the newest counts again.`,
    notLost: [newest, ...others].map((one, at) => between(one, others[at] ?? checkpoint)),
  };
}
