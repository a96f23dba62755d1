/**
 * Runs in a row whose resumes failed at once, each from an earlier checkpoint. One that got nowhere, but says nothing of
 * checkpoints, doesn't end the row: good ones would be passed over one after the other.
 */
import type { Checkpoint } from "../../../model/run.ts";
import { hasSaved } from "../learn.ts";
import type { Transition } from "../transition.ts";

/** A program that reports no steps and has lived for longer has loaded what it goes on from. */
const AT_ONCE_MS = 60_000;

/** It may have failed to load what it was to go on from. */
export function gotNowhere(transition: Transition): boolean {
  const { job, run, now } = transition;
  if (hasSaved(transition)) return false;
  if (job.understands === "contract") return run.firstStepAt === undefined;
  return now.monotonicMs - run.startedAt.monotonicMs < AT_ONCE_MS;
}

/** Those of the runs directly before this one, newest checkpoint first. A person's choice begins a new row. */
export function passedJustBefore({ job, run }: Transition): { checkpoint: Checkpoint; run: number | null }[] {
  const all = job.doubts?.passedOver ?? [];
  const passed = all.slice(all.findLastIndex((one) => one.run === null) + 1);
  return passed.filter((one, at) => one.run === run.number - passed.length + at);
}

/** For an end that says nothing of checkpoints: runs that were in a row before it still are after it. */
export function stayInRow(transition: Transition): void {
  const { job, run } = transition;
  if (job.doubts === undefined) return;
  const { passedOver, clearedAt } = job.doubts;
  // It has its place there already.
  if (clearedAt === run.number || passedOver.at(-1)?.run === run.number) return;
  const passed = passedJustBefore(transition);
  transition.note({
    doubts: {
      passedOver: passedOver.map((one) =>
        passed.includes(one) && one.run !== null ? { ...one, run: one.run + 1 } : one,
      ),
      ...(clearedAt !== undefined && { clearedAt: clearedAt === run.number - 1 ? run.number : clearedAt }),
    },
  });
}
