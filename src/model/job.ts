/** A job and everything remembered about it. */
import type { JobSpec } from "../config/schema/job-schema.ts";
import { severalTold } from "./launcher.ts";
import type { Learned } from "./learned.ts";
import type { Checkpoint, Losses } from "./run.ts";
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
  /** Typical duration of a step, smoothed. */
  stepMs?: number | null;
  /** The last error, in the job's own words; `failedSaves`: consecutive failed saves, if a save failed. */
  error?: string;
  failedSaves?: number;
  /** Of a job that can stand by: its streams, and how many of them are held. */
  streams?: { open: number; held: number };
  /** Wall time; set while no step is made although one is long overdue. */
  stalledSinceMs?: number;
}

/** Instead of asking for a checkpoint: freeze it where it stands, or end it and lose what isn't saved. */
export type Force = "freeze" | "terminate";

/** What the user asked for by hand; it wins over rules and windows. */
export type Manual =
  | { want: "pause"; sinceMs: number; untilMs: number | null; by: string; force?: Force }
  /** `excused`: rules (by key) in pressure at that moment; each counts again once it has been clear. */
  /** `honoured`: it has been started since the wish; from then on balance counts again. */
  | { want: "run"; sinceMs: number; excused: string[]; windowUntilMs: number | null; honoured?: boolean };

/** The signal that asks for a pause; job libraries listen for it, too. */
export const pauseSignalOf = ({ pause }: Pick<JobSpec, "pause">): NonNullable<JobSpec["pause"]["signal"]> =>
  pause.signal ?? "SIGUSR2";

/**
 * What a job does for a checkpoint. `library`: its library saves when asked. `signal`: it saves on a signal
 * by itself. `itself`: it saves when it likes, and can only be ended afterwards.
 */
export type SavesBy = "library" | "signal" | "itself";

/**
 * By evidence alone: a library's report, a manifest, or what its config says. Null where there is none:
 * that a program catches a signal doesn't show that it saves on it (a JVM dies of SIGUSR2).
 */
export function savesBy({
  spec: { pause, checkpoint: files },
  understands,
  checkpoint,
}: Pick<Job, "spec" | "understands" | "checkpoint">): SavesBy | null {
  const told = isToldHow(pause);
  if (files.glob !== undefined && !told) return "itself";
  if (understands === "contract") return "library";
  const manifest = checkpoint !== null && checkpoint.verified !== "size and age only";
  return told || manifest || pause.method === "checkpoint" || pause.method === "standby" ? "signal" : null;
}

const isToldHow = ({ signal, exitCodes }: JobSpec["pause"]): boolean =>
  signal !== undefined || exitCodes.length > 0;

/** Its config says how it is asked to save, but not where it does: only what keeps the pause contract is seen to save. */
export const savesUnseen = ({ pause, checkpoint, backup }: JobSpec): boolean =>
  isToldHow(pause) && checkpoint.glob === undefined && backup === undefined;

/** It has finished, and its settings name another command since. */
export const finishedWithAnother = ({ state, ran, spec: { command } }: Job): boolean =>
  state.name === "finished" && ran !== undefined && !isSameCommand(ran, command);

export const isSameCommand = (one: string[], other: string[]): boolean =>
  one.length === other.length && one.every((word, at) => word === other[at]);

/** Its run is on a Slurm cluster, or its next one will be. */
export const isOnSlurm = ({ state, spec }: Pick<Job, "state" | "spec">): boolean =>
  "run" in state ? state.run.slurm !== undefined : spec.executor?.kind === "slurm";

/** A manual resume that hasn't led to a start yet: a person is waiting, so balance and estimates don't count. */
export const isWanted = ({ manual }: Job): boolean => manual?.want === "run" && manual.honoured !== true;

/** A server that isn't ours: looked for and asked, never started or ended. */
export const isService = ({ spec }: Pick<Job, "spec">): boolean => spec.service === true;

/** It has several ranks, which fail when they are frozen. */
export const isSeveral = ({ worldSize, spec }: Pick<Job, "worldSize" | "spec">): boolean =>
  (worldSize ?? 1) > 1 || severalTold(spec.command, spec.env) !== null;

/** The cost of yielding, per job: basis of the overhead budget. Wall times, so that it outlives us. */
export interface Balance {
  /** By rule key: how many times in a row it paused this job before a run had paid, and when it did so last. */
  backoff: Record<string, { count: number; lastPauseMs: number }>;
  /** Productive run time and pause overhead (save + reload + steps redone) in ms, in its whole life. */
  productiveMs: number;
  overheadMs: number;
  /** What the overhead budget is reckoned from; older databases don't have it. */
  recent?: RecentTime;
}

/** In ms. `timeMs`: a job's time as far as rules have a say in it: at work, saving and loading, and paused by them. */
export interface RecentTime {
  timeMs: number;
  overheadMs: number;
}

export const recentTime = ({ productiveMs, overheadMs, recent }: Balance): RecentTime =>
  recent ?? { timeMs: productiveMs + overheadMs, overheadMs };

export interface Job {
  name: string;
  spec: JobSpec;
  /** `config`: from the file. `run`: added by `supervisor run`. */
  origin: "config" | "run";
  state: JobState;
  runs: number;
  /** All runs up to this one have begun nothing: launches that failed, commands that weren't found. */
  unbegun?: number;
  /** Wall time of its first run; absent before it. A third party's file that is older isn't its checkpoint. */
  firstRunMs?: number;
  /** A person had it begin at the beginning: `checkpoint.adoptExisting` is over. */
  begunAnew?: true;
  progress: Progress | null;
  checkpoint: Checkpoint | null;
  manual: Manual | null;
  learned: Learned;
  balance: Balance;
  /**
   * What the job was seen to understand: the contract (a library reports), the pause signal (it saves on
   * that, and catches it now), or nothing; null before a run was seen.
   */
  understands: "contract" | "signal" | "nothing" | null;
  /**
   * Consecutive failed or fruitless runs, those up to run `unread.run` that couldn't read their checkpoint (with
   * launches in between that aren't counted), and when the next try may start (monotonic time).
   */
  attempts: {
    failures: number;
    fruitless: number;
    unread?: { run: number; inARow: number };
    notBeforeMs: number;
  };
  /** The boot that its monotonic times belong to; absent before its first run, and in data of older versions. */
  bootId?: string;
  /** Keys of rules proven to blame this job for its own use; off for it until a person looks. */
  misattributed: string[];
  /** What it reported lately; absent where it reports none. */
  losses?: Losses;
  /** Ranks that its library reported, or its launcher has told them; a job of several is never frozen. */
  worldSize?: number;
  /** Valid checkpoints before `checkpoint`, newest first: the fallbacks if it is corrupt. */
  older?: Checkpoint[];
  /**
   * Checkpoints that aren't used since the resume of a run from them failed at once, or (run null) since a person
   * chose an earlier one, and the run in which failures were found not to come from checkpoints. A run that says
   * nothing of checkpoints, and a launch that isn't counted, move the numbers of the row before them on by one.
   */
  doubts?: { passedOver: { checkpoint: Checkpoint; run: number | null }[]; clearedAt?: number };
  /** Paths of checkpoints that were reported as broken. */
  rejected?: string[];
  /** A turn on a GPU requested by hand; `untilMs` (wall time) once it has begun; `tries`: starts that had nothing of it. */
  turn?: { gpu: string; forMs: number; askedAtMs: number; by: string; untilMs?: number; tries?: number };
  /** Its last run on GPUs: which, and since when, in ticks since that boot; a later process there is a newcomer. */
  visited?: { gpus: string[]; startTime: number; bootId: string };
  /** It ran out of GPU memory while others held this much of a GPU; it waits until one of them has less. */
  gpuShortage?: { othersMiB: number };
  /** What the supervisor itself lacked at the last try to launch it, half a sentence. */
  unready?: string;
  /** The command of its last run; absent before its first, and in data of older versions. */
  ran?: string[];
  /**
   * What a person said of checkpoints that it didn't write: go on from them, or set them aside and begin
   * at the beginning. Until its run is seen.
   */
  earlier?: "adopt" | "set aside";
  /** Whose checkpoints are in its directory, in words: it waits until a person says what to do with them. */
  foreign?: string;
  /** Its checkpoint that was last copied to its backup. */
  backedUp?: Checkpoint;
  /** Why the last copy failed; told once. */
  backupFailure?: string;
  /** Set while a checkpoint that is only in its backup can't be fetched. */
  restoring?: { tries: number; reason: string };
  /** Time at work of its earlier runs in ms, towards its time limit; a second chance begins at 0. */
  ranMs?: number;
  /** The config named it once and does no longer; told. */
  dropped?: true;
  /** Set from a cancel until its processes are gone. */
  cancelling?: { by: string; askedAt: Now; killed: boolean };
}

/** It serves somebody who waits for each answer: it is held in mid-stream, and comes back before training does. */
export const isInference = ({ spec: { pause } }: Job): boolean =>
  pause.method === "standby" || pause.method === "http";

/** A resume from it failed at once, or a person chose an earlier one; and it is as it was then. */
export const isPassedOver = ({ doubts }: Pick<Job, "doubts">, { path, createdAtMs }: Checkpoint): boolean =>
  doubts?.passedOver.some(
    ({ checkpoint }) => checkpoint.path === path && checkpoint.createdAtMs === createdAtMs,
  ) ?? false;

/** Its checkpoint is read through before it goes on: after a pause, and after a run that couldn't read it. */
export const awaitsCheck = ({ state, checkpoint, attempts, runs }: Job): boolean =>
  checkpoint?.verified === "quick" &&
  (state.name === "paused" || (state.name === "waiting" && attempts.unread?.run === runs));
