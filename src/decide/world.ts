/** What is handed from one decision to the next. */

import type { RuleState } from "../model/decision.ts";
import type { Job } from "../model/job.ts";
import type { ProcessEvidence } from "../model/machine.ts";

/** A new one for every change: who holds an old one keeps what it was. */
export type Jobs = Readonly<Record<string, Readonly<Job>>>;

export interface World {
  readonly jobs: Jobs;
  /** By key: the rule's name, with `@` and the GPU's UUID for gpu.* rules. */
  readonly rules: Readonly<Record<string, Readonly<RuleState>>>;
  readonly memory: PolicyMemory;
}

/** What the policy remembers between ticks; none of it needs to outlive the supervisor. */
export interface PolicyMemory {
  /** Monotonic time of the first decision; null before. */
  readonly startedMs: number | null;
  /** The last start or resume; `polite`: of a job that a rule had paused. */
  readonly last: { readonly job: string; readonly atMs: number; readonly polite: boolean } | null;
  /** Whether each window was open at the last tick. */
  readonly windows: Readonly<Record<string, boolean>>;
  /** Wall time since which each job has stood in line for a GPU; left out before the first decision. */
  readonly line?: Readonly<Record<string, number>>;
  /** Requests for turns that have been told of. */
  readonly requests?: readonly string[];
  /** By job: whom its pause was for, until it is known whether they were its own. */
  readonly watched?: Readonly<Record<string, Watched>>;
}

/** A pause by a rule about others, until it is known what became of them. */
export interface Watched {
  readonly key: string;
  readonly processes: ProcessEvidence[];
  readonly askedWallMs: number;
  /** Monotonic time of the last reading that was looked at. */
  readonly readMs: number;
  /** Readings in a row, before the run's exit was seen, in which none of them was there. */
  readonly absent: number;
  /** Monotonic time of the run's exit, once it has ended. */
  readonly goneMs?: number;
  /** The use lasted for one reading after the exit, with none of them there. */
  readonly lingered?: true;
}

export const newWorld = (jobs: Jobs): World => ({
  jobs,
  rules: {},
  memory: { startedMs: null, last: null, windows: {} },
});
