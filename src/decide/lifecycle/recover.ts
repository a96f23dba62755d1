/**
 * The supervisor is back. What it left alive is `lost` until it has been seen once; after a
 * reboot monotonic times begin anew, and what ran then is paused with the steps that it lost.
 */
import { type JobState, type Run, type Seen, UNKNOWN_BOOT } from "../../model.ts";
import { duration } from "../../words/duration.ts";
import { plural } from "../../words/list.ts";
import { number } from "../../words/number.ts";
import { clockTime } from "../../words/time.ts";
import { leave, settleAsPaused, stepsLost } from "./end.ts";
import { rebased } from "./rebase.ts";
import type { Turn } from "./turn.ts";

/** A run of which nothing at all can be seen is given up after so long. */
const NOTHING_SEEN_MS = 30_000;

export function recover(turn: Turn, bootId: string): void {
  const { now } = turn;
  enterBoot(turn, bootId);
  const { state } = turn;
  const rebooted = "run" in state && state.run.bootId !== bootId;
  if ("run" in state && state.name !== "lost") {
    turn.state = { name: "lost", since: now, run: state.run, was: state, rebooted };
    return;
  }
  if (state.name === "lost")
    turn.state = { ...state, since: now, rebooted: rebooted || state.rebooted === true };
  if (state.name === "paused" && state.checkpoint?.verified === "quick")
    turn.effects.push({ do: "verify", job: turn.name, checkpoint: state.checkpoint });
}

/**
 * A run that is alive although the database doesn't know it, as after one was set aside: looked at
 * like any other that was left, so that no second copy is started beside it.
 */
export function takeBack(turn: Turn, { resuming: _, ...run }: Run): void {
  if ("run" in turn.state) throw turn.bug("taken-back");
  turn.job.runs = Math.max(turn.job.runs, run.number);
  turn.state = { name: "lost", since: turn.now, run };
  turn.tell(
    "supervisor.recovered",
    "recovery",
    `Run ${run.number} is alive, of which this audit log knows nothing: it is taken back, and not started again.`,
  );
  // Nobody knows any more why it was frozen, if it was.
  turn.effects.push({ do: "thaw", job: turn.name, run });
}

/** Where it isn't certain that the job's monotonic times are of this boot, the wall clock decides. */
function enterBoot(turn: Turn, bootId: string): void {
  const { job } = turn;
  const before = job.bootId ?? ("run" in turn.state ? turn.state.run.bootId : undefined);
  if (before !== bootId || bootId === UNKNOWN_BOOT) {
    turn.job = rebased({ ...job, state: turn.state }, turn.now);
    turn.state = turn.job.state;
  }
  turn.job.bootId = bootId;
}

/** Decides a lost job from its first sight. Returns what the state that it had is to be shown, or null. */
export function found(turn: Turn, seen: Seen): Seen | null {
  const { state, now } = turn;
  if (state.name !== "lost") return null;
  const decided = seen.alive || (seen.exit?.known ?? false);
  if (state.rebooted && !decided) {
    if (seen.leftovers.length > 0) return null;
    endedByReboot(turn);
    return null;
  }
  const nothing = seen.exit === null && now.monotonicMs - state.since.monotonicMs > NOTHING_SEEN_MS;
  if (!seen.alive && seen.exit === null && !nothing) return null;
  turn.state = back(state.was, turn);
  // The word may not have been written before the supervisor died. A program without a library isn't
  // asked twice: it may be in the middle of its save, and take a second signal for "now, at once".
  if (turn.state.name === "pausing" && turn.state.request.method !== "freeze" && seen.ranks.length > 0) {
    const { request } = turn.state;
    const want = request.method === "standby" ? "standby" : "pause";
    turn.effects.push({ do: "ask", job: turn.name, run: turn.run, want, sequence: request.sequence });
  }
  return nothing ? { ...seen, exit: { known: false } } : seen;
}

function back(was: JobState | undefined, turn: Turn): JobState {
  const run = turn.run;
  if (was === undefined || !("run" in was)) return { name: "running", since: turn.now, run };
  return { ...was, run };
}

function endedByReboot(turn: Turn): void {
  const lost = stepsLost(turn);
  const { checkpoint, progress } = turn.job;
  const reached = progress?.step == null ? "" : ` at step ${number(progress.step)}`;
  const from = checkpoint === null ? "the beginning" : `step ${number(checkpoint.step ?? 0)}`;
  const redo = lost === null ? "" : `: ${plural(lost, "step")} to be redone${work(turn, lost)}`;
  const reason = `The machine rebooted: run ${turn.run.number} ended with it${reached}; it goes on from ${from}${redo}.`;
  turn.tell("job.lost", "recovery", reason, { outcome: { stepsLost: lost } });
  leave(turn);
  if (turn.job.cancelling !== undefined) {
    delete turn.job.cancelling;
    turn.state = { name: "cancelled", since: turn.now };
    return;
  }
  settleAsPaused(turn, { actor: "recovery", reason, critical: false });
}

/** About how long the steps take that are to be redone, and when the checkpoint was made. */
function work({ job: { checkpoint, progress }, now }: Turn, lost: number): string {
  const facts = [
    ...(progress?.stepMs && lost > 0 ? [`about ${duration(lost * progress.stepMs)}`] : []),
    ...(checkpoint === null ? [] : [`its checkpoint is of ${clockTime(checkpoint.createdAtMs, now.wallMs)}`]),
  ];
  return facts.length === 0 ? "" : ` (${facts.join("; ")})`;
}
