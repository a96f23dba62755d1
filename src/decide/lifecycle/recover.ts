/**
 * The supervisor is back. A job it left alive is `lost` until it has been seen once; after a reboot
 * monotonic times restart, and what ran then is paused with the steps that it lost.
 */

import { awaitsCheck } from "../../model/job.ts";
import type { Away } from "../../model/park.ts";
import type { Run } from "../../model/run.ts";
import type { Seen } from "../../model/seen.ts";
import { hasWord, type JobState } from "../../model/state.ts";
import { UNKNOWN_BOOT } from "../../model/time.ts";
import { duration } from "../../words/duration.ts";
import { number } from "../../words/number.ts";
import { clockTime } from "../../words/time.ts";
import { becomePaused, leave } from "./end/leave-run.ts";
import { stepsAre, stepsLost } from "./end/steps-lost.ts";
import { askFor, isAskedFor } from "./park/asked-for.ts";
import { rebased } from "./rebase.ts";
import { recoverService } from "./service/follow.ts";
import type { Transition } from "./transition.ts";

/** How long to wait before giving up a run of which nothing can be seen. */
const NOTHING_SEEN_MS = 30_000;

export function recover(transition: Transition, bootId: string): void {
  const { now } = transition;
  enterBoot(transition, bootId);
  const { state } = transition;
  if ("run" in state && state.run.service) {
    recoverService(transition, bootId);
    return;
  }
  const rebooted = "run" in state && endsWithBoot(state.run) && state.run.bootId !== bootId;
  if ("run" in state && state.name !== "lost") {
    transition.become({ name: "lost", since: now, run: state.run, was: state, rebooted });
    return;
  }
  if (state.name === "lost")
    transition.become({ ...state, since: now, rebooted: rebooted || state.rebooted === true });
  const { checkpoint } = transition.job;
  if (checkpoint !== null && awaitsCheck({ ...transition.job, state }))
    transition.perform({ do: "verify", checkpoint });
}

/** A run on a cluster lives through a reboot of this machine. */
export const endsWithBoot = ({ slurm }: Run): boolean => slurm === undefined;

/**
 * A live run that the database doesn't know, for example after the database was set aside: inspected
 * like any other run left behind, so that no second copy starts beside it.
 */
export function takeBack(transition: Transition, { resuming: _, park: __, ...run }: Run, away?: Away): void {
  if ("run" in transition.state) throw transition.bug("taken-back");
  const firstRunMs = run.number === 1 ? run.startedAt.wallMs : 0;
  transition.note({ runs: Math.max(transition.job.runs, run.number), firstRunMs });
  transition.become({ name: "lost", since: transition.now, run });
  transition.tell(
    "supervisor.recovered",
    "recovery",
    `Run ${run.number} is alive, of which this audit log knows nothing: it is taken back, and not started again.`,
  );
  if (away !== undefined) askFor(transition, away);
  // If it was frozen, the reason is no longer known.
  transition.perform({ do: "thaw", run: transition.run });
}

/** The wall clock decides where the job's monotonic times may be from another boot. */
function enterBoot(transition: Transition, bootId: string): void {
  const { job, state, now } = transition;
  const before = job.bootId ?? ("run" in state ? state.run.bootId : undefined);
  if (before !== bootId || bootId === UNKNOWN_BOOT) {
    const { state: moved, ...facts } = rebased({ ...job, state }, now);
    transition.note(facts);
    transition.become(moved);
  }
  transition.note({ bootId });
}

/** Decides a lost job at its first sighting. Returns what to show its restored state, or null. */
export function found(transition: Transition, seen: Seen): Seen | null {
  const { state, now } = transition;
  if (state.name !== "lost") return null;
  const decided = seen.alive || (seen.exit?.known ?? false);
  if (state.rebooted && !decided) {
    if (seen.leftovers.length > 0) return null;
    endedByReboot(transition);
    return null;
  }
  const nothing = seen.exit === null && now.monotonicMs - state.since.monotonicMs > NOTHING_SEEN_MS;
  if (!seen.alive && seen.exit === null && !nothing) return null;
  if (isAskedFor(transition, seen)) return null;
  transition.become(back(state.was, transition));
  // Whatever its VRAM is looked at for is looked for by this supervisor from now on.
  const { park } = transition.run;
  if (park !== undefined) transition.know({ park: { ...park, sinceMs: now.monotonicMs } });
  // The supervisor may have died before it wrote the request. A program without the library isn't asked
  // twice: it may be in the middle of its save and take a second signal for "now, at once".
  if (
    transition.state.name === "pausing" &&
    hasWord(transition.state.request.method) &&
    seen.ranks.length > 0
  ) {
    const { request } = transition.state;
    const want = request.release ? "release" : request.method === "standby" ? "standby" : "pause";
    transition.perform({ do: "control", run: transition.run, want, sequence: request.sequence });
  }
  return nothing ? { ...seen, exit: { known: false } } : seen;
}

function back(was: JobState | undefined, transition: Transition): JobState {
  const run = transition.run;
  if (was === undefined || !("run" in was)) return { name: "running", since: transition.now, run };
  return { ...was, run };
}

function endedByReboot(transition: Transition): void {
  const lost = stepsLost(transition);
  const { checkpoint, progress } = transition.job;
  const reached = progress?.step == null ? "" : ` at step ${number(progress.step)}`;
  const step = checkpoint?.step ?? null;
  const last = step === null ? "its last checkpoint" : `step ${number(step)}`;
  const from = checkpoint === null ? "the beginning" : last;
  const redo = `${stepsAre(lost, "to be redone")}${work(transition, lost)}`;
  const reason = `The machine rebooted: run ${transition.run.number} ended with it${reached}; it goes on from ${from}: ${redo}.`;
  transition.tell("job.lost", "recovery", reason, { outcome: { stepsLost: lost } });
  leave(transition, "by a reboot");
  if (transition.job.cancelling !== undefined) {
    transition.drop("cancelling");
    transition.become({ name: "cancelled", since: transition.now });
    return;
  }
  becomePaused(transition, { actor: "recovery", reason, critical: false });
}

/** Roughly how long the lost steps take to redo, and when the checkpoint was made. */
function work({ job: { checkpoint, progress }, now }: Transition, lost: number | null): string {
  const facts = [
    ...(progress?.stepMs && lost ? [`about ${duration(lost * progress.stepMs)}`] : []),
    ...(checkpoint === null ? [] : [`its checkpoint is of ${clockTime(checkpoint.createdAtMs, now.wallMs)}`]),
  ];
  return facts.length === 0 ? "" : ` (${facts.join("; ")})`;
}
