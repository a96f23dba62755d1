/**
 * What is left of a run after its first process has exited: a tracker's daemon, orphaned workers, or the training
 * itself, where the first process only launched it. Ends nothing that may be the training.
 */

import { EXIT_PAUSED } from "../../../contract/names.ts";
import type { Seen } from "../../../model/seen.ts";
import { duration } from "../../../words/duration.ts";
import { plural } from "../../../words/list.ts";
import { allPaused } from "../ranks.ts";
import type { Transition } from "../transition.ts";
import { hasFinished } from "./run-ended.ts";

/** Most helpers notice by themselves that their program is gone. */
const TERM_AFTER_MS = 10_000;
const KILL_AFTER_MS = 40_000;

/** Whether the run has to wait for them. Says once which they are, and ends them where `leftovers` says so. */
export function waitsForLeftovers(transition: Transition, seen: Seen): boolean {
  const [one] = seen.leftovers;
  const how = transition.job.spec.leftovers;
  if (one === undefined || how === "leave") return false;
  // A command that detaches at once was never seen alive.
  if (transition.state.name === "starting")
    transition.become({ name: "running", since: transition.now, run: transition.run });
  note(transition, seen);
  const over = isOver(transition, seen);
  if (transition.first("leftovers")) tell(transition, seen, over && how === "end");
  if (over && how === "end") end(transition);
  return true;
}

/** Keeps the first of them, with the time since which it is all that is left. */
function note(transition: Transition, { leftovers }: Seen): void {
  const { left } = transition.run;
  const [first] = leftovers;
  if (first === undefined) return;
  const known = leftovers.find(({ pid }) => pid === left?.pid) ?? first;
  if (left?.pid === known.pid && left.others === leftovers.length - 1) return;
  const since = left?.since ?? transition.now;
  transition.know({ left: { ...known, others: leftovers.length - 1, since } });
}

/** By its own word or its exit code, and none of what is left reports that it works. */
function isOver({ job, state }: Transition, seen: Seen): boolean {
  const working = ({ pid }: { pid: number }): boolean =>
    seen.ranks.some((rank) => rank.pid === pid && !["paused", "finished", "failed"].includes(rank.state));
  if (seen.exit === null || !seen.exit.known || seen.leftovers.some(working)) return false;
  if (allPaused(seen) || hasFinished(seen)) return true;
  const { code, signal } = seen.exit;
  const { exitCodes } = job.spec.pause;
  if (state.name === "pausing" && ["terminated", "killed"].includes(state.request.overdue ?? "")) return true;
  // A launcher that hands its work on exits with 0, and one that was killed may leave the training behind.
  return code === EXIT_PAUSED || exitCodes.includes(code) || (code !== 0 && signal === null);
}

function tell(transition: Transition, { leftovers }: Seen, ends: boolean): void {
  const [one, ...more] = leftovers;
  const others = more.length > 0 ? ` and ${plural(more.length, "other")}` : "";
  const kind = transition.state.name === "pausing" ? "pause.overdue" : "job.stalled";
  const then = ends ? `ended if it lasts ${duration(TERM_AFTER_MS)}` : "waited for until it is gone";
  transition.tell(
    kind,
    "supervisor",
    `Its first process has ended, but '${one?.command}' (pid ${one?.pid})${others} of the same run still goes on; it is ${then}.`,
    { evidence: { leftovers } },
  );
}

function end(transition: Transition): void {
  const { left } = transition.run;
  if (left === undefined) return;
  const waitedMs = transition.now.monotonicMs - left.since.monotonicMs;
  if (waitedMs >= TERM_AFTER_MS && transition.first("leftovers ended"))
    transition.perform({ do: "terminate", run: transition.run });
  if (waitedMs >= KILL_AFTER_MS && transition.first("leftovers killed"))
    transition.perform({ do: "kill", run: transition.run });
}
