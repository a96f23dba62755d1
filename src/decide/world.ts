/** The state handed from one decision to the next. */

import type { HandOver, RuleState } from "../model/decision.ts";
import type { Job } from "../model/job.ts";
import type { ProcessEvidence } from "../model/machine.ts";
import type { Periods } from "./measure-use.ts";
import type { SparedTold } from "./pauses/spared.ts";

/** A new object for every change: a holder of an old one sees it unchanged. */
export type Jobs = Readonly<Record<string, Readonly<Job>>>;

export interface World {
  readonly jobs: Jobs;
  /** By key: the rule's name, with `@` and the GPU's UUID for gpu.* rules. */
  readonly rules: Readonly<Record<string, Readonly<RuleState>>>;
  readonly memory: PolicyMemory;
}

/** What the policy remembers between ticks; none of it needs to outlive the supervisor. */
export interface PolicyMemory {
  /** Monotonic time of the first decision; null before it. */
  readonly startedMs: number | null;
  /** The last start or resume; `polite`: of a job that a rule had paused. */
  readonly last: { readonly job: string; readonly atMs: number; readonly polite: boolean } | null;
  /** Whether each window was open at the last tick. */
  readonly windows: Readonly<Record<string, boolean>>;
  /** Wall time since which each job has stood in line for a GPU; absent before the first decision. */
  readonly line?: Readonly<Record<string, number>>;
  /** Requests for turns that have been reported. */
  readonly requests?: readonly string[];
  /** By job: the processes its pause was for, until it is known whether they were its own. */
  readonly watched?: Readonly<Record<string, Watched>>;
  /** By job: what others used beside its runs. */
  readonly companions?: Readonly<Record<string, Companion>>;
  /** By rule: the jobs that it was told to spare. */
  readonly spared?: SparedTold;
  /** Others' use at the last tick. */
  readonly othersUsed?: Uses;
  /** By job: its use since the last figures were learned. */
  readonly periods?: Periods;
}

/** Use in percent, by GPU (UUID) and of the CPU ("cpu"); what isn't known is missing. */
export type Uses = Readonly<Record<string, number>>;

/** What others used beside a job's run; `run` absent between runs. */
export interface Companion {
  readonly run?: string;
  /** Monotonic time of its start, and of its end while it isn't known whether others' use falls. */
  readonly sinceMs: number;
  readonly endedMs?: number;
  /** Others' use just before it. */
  readonly before: Uses;
  /** Sums of so many readings: others' use, and its own of the CPU in percent. */
  readonly others: Uses;
  readonly own: number;
  readonly readings: number;
  /** Who used most of each. */
  readonly programs?: Readonly<Record<string, { readonly name: string; readonly pid: number }>>;
  /** Runs in a row with which others' use rose and fell. */
  readonly runs: number;
  readonly told?: HandOver;
}

/** A rule's pause that blamed others, until it is known what became of them. */
export interface Watched {
  readonly key: string;
  readonly processes: ProcessEvidence[];
  readonly askedWallMs: number;
  /** Monotonic time of the last reading examined. */
  readonly readMs: number;
  /** Consecutive readings, before the run's exit was seen, in which none of them was present. */
  readonly absent: number;
  /** Monotonic time of the run's exit, once it has ended. */
  readonly goneMs?: number;
  /** The use continued for one reading after the exit, with none of them present. */
  readonly lingered?: true;
}

export const newWorld = (jobs: Jobs): World => ({
  jobs,
  rules: {},
  memory: { startedMs: null, last: null, windows: {} },
});
