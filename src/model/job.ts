/** A job, its states and all that is remembered of it. */
import type { Now } from "./time.ts";

export type Actor =
  | `rule:${string}`
  | `window:${string}`
  | "user"
  | "shutdown"
  | "recovery"
  | "peer"
  | "job"
  | "supervisor";

export type PauseMethod = "checkpoint" | "standby" | "freeze";

/** Why a job was paused: `reason` is one whole sentence. */
export interface Cause {
  actor: Actor;
  reason: string;
  critical: boolean;
  /** Key of the rule, when a rule asked. */
  rule?: string;
}

export interface Checkpoint {
  /** Absolute path of the checkpoint's directory (or file, for third-party jobs). */
  path: string;
  step: number | null;
  epoch: number | null;
  bytes: number;
  createdAtMs: number;
  /** `quick`: manifest valid and sizes match. `full`: every SHA-256 was checked. */
  verified: "quick" | "full" | "size and age only";
}

/** One process life of a job. `pid` is the job's own first process, not the parent that records its exit. */
export interface Run {
  id: string;
  number: number;
  startedAt: Now;
  pid: number | null;
  startTime: number | null;
  bootId: string;
  resumedFrom: string | null;
  /** The step it resumed from, 0 on a first run. */
  resumedAtStep: number;
  /** UUIDs of the GPUs it was placed on. */
  gpus: string[];
  /** The last control sequence that was written for it. */
  sequence?: number;
  /** When its first new step was seen; the time before is reloading. */
  firstStepAt?: Now;
  /** Set from a resume until it is seen to go on; `polite`: a rule had asked for the pause. */
  resuming?: { since: Now; polite: boolean };
  /** When one of several ranks was first seen to have died while the others go on. */
  rankGoneAt?: Now;
  /** What has been said of this run, so that it is said once. */
  said?: string[];
}

/** A pause that was asked for and isn't over. */
export interface PauseRequest {
  method: PauseMethod;
  cause: Cause;
  sequence: number;
  askedAt: Now;
  acknowledgedAt: Now | null;
  lastRingMs: number;
  /** Monotonic; moved on while the job reports `saving` with growing bytes. */
  deadlineMs: number;
  bytesSaved: number;
  /** Set once the grace has run out, or a person wouldn't wait for it, with what was done about it. */
  overdue: null | "waiting" | "frozen" | "terminated" | "killed";
  /** A person has it ended: killed at `deadlineMs`, as they were told what goes with it. */
  endedByHand?: true;
  /** Step reported when the pause was asked for. */
  stepAtRequest: number | null;
  /** Available host memory when the pause was asked for, to tell afterwards how much came free. */
  availableMiBAtRequest: number | null;
  /** The same of its GPUs, and what the run itself held of it. */
  gpuAtRequest?: { freeMiB: number | null; heldMiB: number };
  /** Monotonic time of the last growth of `bytesSaved`. */
  grewAtMs?: number;
  /** When its first process was seen to have ended. */
  exitedAt?: Now;
}

export type JobState =
  | { name: "waiting"; since: Now }
  | { name: "starting"; since: Now; run: Run }
  | { name: "running"; since: Now; run: Run }
  | { name: "pausing"; since: Now; run: Run; request: PauseRequest }
  | { name: "paused"; since: Now; cause: Cause; checkpoint: Checkpoint | null }
  | { name: "standby" | "frozen"; since: Now; run: Run; cause: Cause }
  /** `was`: the live state that it had when the supervisor went away. */
  | { name: "lost"; since: Now; run: Run; was?: JobState; rebooted?: boolean }
  | { name: "finished"; since: Now }
  | { name: "failed"; since: Now; reason: string; exitCode: number | null }
  | { name: "cancelled"; since: Now };

export type StateName = JobState["name"];

/** States in which processes of the job may be alive. */
export const LIVE_STATES = ["starting", "running", "pausing", "standby", "frozen", "lost"] as const;
export const END_STATES = ["finished", "failed", "cancelled"] as const;

/** The run whose processes may be alive; null where there can be none. */
export function runOf({ state }: { state: JobState }): Run | null {
  return (LIVE_STATES as readonly string[]).includes(state.name) && "run" in state ? state.run : null;
}

export interface Progress {
  step: number | null;
  totalSteps: number | null;
  epoch: number | null;
  metrics: Record<string, number>;
  /** What the job itself reports: `ready`, `running`, `saving`, … */
  reports: string;
  /** Monotonic time at which `step` last changed. */
  advancedAtMs: number;
  /** Usual duration of a step, smoothed. */
  stepMs?: number | null;
  /** The last thing that went wrong, in the job's own words; `failedSaves` in a row, where a save did. */
  error?: string;
  failedSaves?: number;
  /** Wall time; set while no step is made although one is long due. */
  stalledSinceMs?: number;
}

/** Instead of asking for a checkpoint: stop it where it stands, or end it and lose what isn't saved. */
export type Force = "freeze" | "terminate";

/** What the user asked for by hand; it wins over rules and windows. */
export type Manual =
  | { want: "pause"; sinceMs: number; untilMs: number | null; by: string; force?: Force }
  /** `excused`: rules (by key) in pressure at that moment; each counts again once it has been clear. */
  /** `honoured`: it has been started since; from then on balance counts again. */
  | { want: "run"; sinceMs: number; excused: string[]; windowUntilMs: number | null; honoured?: boolean };

/** What is known of a job's cost; times in ms, measured on this machine. */
export interface Learned {
  saveMs: number | null;
  /** Slowest save seen: `graceSeconds: "auto"` is max(120 s, 3 × this). */
  slowestSaveMs: number | null;
  reloadMs: number | null;
  memoryMiB: number | null;
  cpuPercent: number | null;
  /** The most that it was seen to hold on one GPU. */
  gpuMemoryMiB?: number;
}

/** The cost of being polite, per job: what the overhead budget is judged by. Wall times, so that it outlives us. */
export interface Balance {
  /** By rule key: how often in a row it paused this job, and until when the next resume waits. */
  backoff: Record<string, { count: number; lastPauseMs: number }>;
  /** Productive run time and pause overhead (save + reload + steps redone) in ms. */
  productiveMs: number;
  overheadMs: number;
}

export interface Job<Spec = unknown> {
  name: string;
  spec: Spec;
  /** `config`: from the file. `run`: added by `supervisor run`. */
  origin: "config" | "run";
  state: JobState;
  runs: number;
  progress: Progress | null;
  checkpoint: Checkpoint | null;
  manual: Manual | null;
  learned: Learned;
  balance: Balance;
  /**
   * What the job was seen to understand: the contract (a library reports), the pause signal (it is
   * caught), or nothing (it can only be frozen); null until a run was seen.
   */
  understands: "contract" | "signal" | "nothing" | null;
  /** Failed or fruitless runs in a row, and when the next try may start (monotonic time). */
  attempts: { failures: number; fruitless: number; notBeforeMs: number };
  /** The boot that its monotonic times are of; left out before its first run, and by older versions. */
  bootId?: string;
  /** Keys of rules that were proven to blame this job for its own use; off for it until a person looks. */
  misattributed: string[];
  /** Ranks that its library reported; a job of several is never frozen. */
  worldSize?: number;
  /** Valid checkpoints before `checkpoint`, newest first: what a corrupt one falls back to. */
  older?: Checkpoint[];
  /** Paths of checkpoints that were reported as broken. */
  rejected?: string[];
  /** A turn on a GPU that was asked for by hand; `untilMs` (wall time) once it has begun. */
  turn?: { gpu: string; forMs: number; askedAtMs: number; by: string; untilMs?: number };
  /** Where its last run on GPUs was, and since when, in ticks since that boot: who came later is a newcomer there. */
  visited?: { gpus: string[]; startTime: number; bootId: string };
  /** It ran out of GPU memory while others held so much of a GPU; it waits until one has less. */
  gpuShortage?: { othersMiB: number };
  /** Set from a cancel until its processes are gone. */
  cancelling?: { by: string; askedAt: Now; killed: boolean };
}
