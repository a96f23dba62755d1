/** A job and all that is remembered of it. */
import type { JobSpec } from "../config/schema/job-schema.ts";
import type { Checkpoint } from "./run.ts";
import type { JobState } from "./state.ts";
import type { Now } from "./time.ts";

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

/** It can be asked for a checkpoint: a library reports, or the pause signal is caught. */
export const canSave = ({ understands }: Pick<Job, "understands">): boolean =>
  understands === "contract" || understands === "signal";

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

export interface Job {
  name: string;
  spec: JobSpec;
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
