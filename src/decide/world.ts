/** The state handed from one decision to the next. */

import type { HandOver, RuleState } from "../model/decision.ts";
import type { Job } from "../model/job.ts";
import type { ProcessEvidence } from "../model/machine.ts";

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
  /** Others' use as far as it was seen last. */
  readonly othersUsed?: OthersUsed;
  /** By job: its use since the last figures were learned. */
  readonly periods?: Periods;
}

/** Use in percent; what isn't known is missing. */
export type Uses = Readonly<Record<string, number>>;

export interface OthersUsed {
  /** All others together, by GPU (UUID) and of the CPU ("cpu"): as far as it is proven, and the most it may be. */
  readonly proven: Uses;
  readonly most: Uses;
  /** What was proven until now. */
  readonly all: Tally;
  /** Each program at the last look at all processes; none before it. */
  readonly programs?: ProgramsUsed;
  /** Each program's use at all looks until now. */
  readonly each: Tally;
}

/** Readings added up: means are differences of two tallies. */
export interface Tally {
  readonly weight: number;
  /** `atMs`: of its last reading, monotonic. */
  readonly sums: Readonly<Record<string, { readonly sum: number; readonly atMs: number }>>;
}

/** Use of the CPU by command line, since `sinceMs` (monotonic). A program that isn't listed used `unlisted` at most. */
export interface ProgramsUsed {
  readonly sinceMs: number;
  readonly uses: Uses;
  readonly unlisted: number;
}

/** Means of five seconds or more, one after the other. */
export interface Course {
  readonly sinceMs: number;
  /** At the start of the five seconds that aren't over; absent before them. */
  readonly from?: Tally;
  /** The lowest of each; of what was there in every one. */
  readonly least?: Uses;
}

/** What others used beside a job's run; `run` absent between runs. */
export interface Companion {
  readonly run?: string;
  /** Monotonic time of its start, and of its end while it isn't known whether others' use falls. */
  readonly sinceMs: number;
  readonly endedMs?: number;
  /** Others' use just before it. */
  readonly before: OthersUsed;
  readonly together: Course;
  readonly programs: Course;
  /** Who used most of each. */
  readonly who: Readonly<Record<string, { readonly name: string; readonly pid: number }>>;
  /** Sum of so many readings of what it used of the CPU itself, while others used enough to be told of. */
  readonly own: number;
  readonly readings: number;
  /** What rose and fell with so many runs in a row. */
  readonly runs: number;
  readonly rise?: Rise;
  readonly told?: HandOver;
}

/** `of`: "cpu", a GPU's UUID, or a program's command line. */
export interface Rise {
  readonly of: string;
  readonly isProgram: boolean;
  readonly from: number;
  readonly to: number;
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

/** What was told of each rule, by key, for as long as it lasts. */
export type SparedTold = Readonly<Record<string, string>>;

/** A sum of value × ms, and the ms for which there was a value. */
export interface Sum {
  readonly sum: number;
  readonly ms: number;
}

/** The period under way of one job. Never stored: what is lost with it is measured again. */
export interface Period {
  readonly run: string;
  /** Monotonic time of its last look, and how long it has lasted. */
  readonly atMs: number;
  readonly ms: number;
  readonly fromStep: number | null;
  readonly memoryMiB: number | null;
  readonly cpu: Sum;
  readonly gpu: Sum;
  readonly watts: Sum;
  /** The most held on each GPU, by its UUID. */
  readonly gpuMemoryMiB: Readonly<Record<string, number>>;
}

export type Periods = Readonly<Record<string, Period>>;

export const newWorld = (jobs: Jobs): World => ({
  jobs,
  rules: {},
  memory: { startedMs: null, last: null, windows: {} },
});
