/**
 * Whether any run of a job has ever begun, whatever the number of its last one: a launch that failed has used one up.
 * An end that speaks of the command itself is the config's fault only until then.
 */
import type { Transition } from "../transition.ts";
import { gotNowhere } from "./row.ts";

/** A shell's codes for a command that isn't there, or can't be executed: another try finds the same. */
const NOT_THERE = [126, 127];

/** The run ended with the word that there is no such command, and none before it has begun. */
export const lacksCommand = (transition: Transition, exitCode: number | null): boolean =>
  NOT_THERE.includes(exitCode ?? 0) && isFirst(transition) && gotNowhere(transition);

/** For a run that has begun nothing. */
export function noteUnbegun(transition: Transition): void {
  if (isFirst(transition)) transition.note({ unbegun: transition.run.number });
}

const isFirst = ({ job, run }: Transition): boolean => run.number === (job.unbegun ?? 0) + 1;
