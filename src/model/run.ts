/** One process life of a job, what it saves, and what has been said about it. */
import type { Park } from "./park.ts";
import type { Talk } from "./server.ts";
import type { Now } from "./time.ts";

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

/** What was found of a job's checkpoints. */
export interface Stock {
  /** Newest first; only those that pass the quick check. */
  checkpoints: Checkpoint[];
  /** Found broken, by the quick look or the full check; `unread`: it couldn't be read for long, while another can be. */
  rejected: { path: string; reason: string; unread?: true }[];
  /** A checkpoint, or the folder of all, that can't be read now: what is known of it goes on counting. */
  unread?: string[];
}

/** Losses reported lately, by step, oldest first. */
export type Losses = { step: number; loss: number }[];

/** Facts said once per run: each is the key of one sentence. */
export type Said =
  /** Processes of it outlive the first one. */
  | "leftovers"
  | "leftovers ended"
  | "leftovers killed"
  /** The driver still lists it on a GPU although its processes have ended. */
  | "gpu-entries"
  /** It currently doesn't catch the pause signal. */
  | "deaf"
  /** A rank has died and the others were given time to notice. */
  | "rank gone";

/**
 * A run on a Slurm cluster, as it was last seen there. `queued`: not begun; `held`: not begun, and Slurm won't begin
 * it before it is released; `unknown`: never seen yet.
 */
export interface SlurmRun {
  /** Slurm's id of the job, which stays the same from run to run; null until it is submitted. */
  id: number | null;
  state: "unknown" | "queued" | "held" | "running";
  /** Slurm's reason code, of a run that hasn't begun. */
  reason?: string;
  /** "n[1-2]", once it has begun. */
  nodes?: string;
  /** When it was first seen to have begun: the time before is Slurm's. */
  begunAt?: Now;
  /** Wall time at which Slurm's time limit ends it. */
  endsAtMs?: number;
  /** Slurm has taken it from its nodes, but a rank that Slurm can't reach still reports. */
  orphaned?: true;
  /** Wall time since which the controller hasn't answered: `state` is as it was then. */
  silentSinceMs?: number;
}

/**
 * One process life of a job. `pid` is the job's own first process, not the parent that records its exit; of a service
 * the one that listens at its address, null where that can't be seen.
 */
export interface Run {
  id: string;
  number: number;
  startedAt: Now;
  pid: number | null;
  startTime: number | null;
  bootId: string;
  resumedFrom: string | null;
  /** The step it resumed from, 0 when it began at the beginning; null when the checkpoint doesn't tell. */
  resumedAtStep: number | null;
  /** UUIDs of the GPUs it was placed on. */
  gpus: string[];
  /** The variables that tell the program its GPUs. */
  devices?: Record<string, string>;
  /** Of a run on a Slurm cluster, whose processes are on other machines. */
  slurm?: SlurmRun;
  /** Of a service: what is followed from its being found to its being gone. Nothing of it is ours to signal. */
  service?: true;
  /** The last control sequence written for it. */
  sequence?: number;
  /** When its first new step was seen; the time before is reloading. */
  firstStepAt?: Now;
  /** Set from a resume until the run is seen to continue; `polite`: a rule had asked for the pause. */
  resuming?: { since: Now; polite: boolean };
  /** When one of several ranks was first seen to have died while the others continue. */
  rankGoneAt?: Now;
  /** Its GPUs were recorded as held by it; their release is recorded only then. */
  claimed?: true;
  /** What outlives its first process: one of them, how many others, since when it waits for them. */
  left?: { pid: number; command: string; others: number; since: Now };
  /** The first step that it has reported below that of its checkpoint, while another one must show it. */
  below?: number | "told";
  /** Its first losses were compared with those before its checkpoint; `oddLoss`: the first of them, while it needs another. */
  lossJudged?: true;
  oddLoss?: number;
  /** Of a run that can be paused by HTTP: it was seen to hold memory on its GPUs, so one that lists none shows it gone. */
  heldOnGpu?: true;
  /** Of a run that is paused by HTTP, since it was first asked. */
  talk?: Talk;
  /** A program was seen to come back from being parked on its GPU, so it may be, without its config saying so. */
  parks?: true;
  /** Of a run that is paused by park, while its VRAM is away or on its way. */
  park?: Park;
  /** What has been said about this run, so that it is said only once. */
  said?: Said[];
}
