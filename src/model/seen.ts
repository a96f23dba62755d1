/** What can be seen of one run at one tick. */
import type { ProcessEvidence } from "./machine.ts";
import type { ParkSeen } from "./park.ts";
import type { SlurmRun, Stock } from "./run.ts";
import type { ServerSeen, ServiceSeen } from "./server.ts";

/**
 * How a run ended, as a shell reports it: after a signal n the code is 128 + n. `known: false`: its record
 * is missing; never taken for success.
 */
export type Exit =
  /** `removed`: with its container, which somebody else has removed. */
  { known: true; code: number; signal: string | null; removed?: true } | { known: false };

/** Null when unknown. */
export const exitCodeOf = (exit: Exit): number | null => (exit.known ? exit.code : null);

/** One rank's report, checked and bounded. */
export interface RankStatus {
  rank: number;
  worldSize: number;
  pid: number;
  startTime: number | null;
  state: string;
  sequence: number;
  step: number | null;
  totalSteps: number | null;
  epoch: number | null;
  metrics: Record<string, number>;
  checkpoint: string | null;
  bytesSaved: number;
  atMs: number;
  /** The last error in the job's own words, and how many saves have failed in a row. */
  error?: string;
  failedSaves?: number;
  /** It ends, since what it is to go on from can't be read now. */
  unreadable?: true;
  /** Its program has come to its end by itself, with an exit code that isn't known in it. */
  left?: true;
  /** Of a job that can stand by: its streams, and how many of them are held. */
  streams?: { open: number; held: number };
}

export interface Seen extends Stock {
  /** Known once the launcher has written it. */
  pid: number | null;
  startTime: number | null;
  alive: boolean;
  exit: Exit | null;
  /** Processes of the run that remain after its first process has exited. */
  leftovers: { pid: number; command: string }[];
  ranks: RankStatus[];
  /** Ranks, of several, whose process was seen alive here and is gone without having said that it ends. */
  ranksGone?: number[];
  /** Whether some process would save on the pause signal now; null where that can't be known. */
  signalCaught: boolean | null;
  /** Ranks by the environment of its processes, of a run that doesn't report; omitted while unknown. */
  worldSize?: number;
  /** Every process of the run is stopped by a signal. */
  stopped: boolean;
  /** Of a run on a Slurm cluster. */
  slurm?: SlurmSeen;
  /** What its server was asked last, if anything was since this supervisor began. */
  server?: ServerSeen;
  /** Of a service: what was seen at its address; omitted before the first look. */
  service?: ServiceSeen;
  /** What the driver was asked last about moving its VRAM, if anything was since this supervisor began. */
  park?: ParkSeen;
  /** After it has ended: its last output, if that says that a GPU had too little memory. */
  outOfGpuMemory?: string;
  /** After it has failed: the line of its output that tells most of why, neutral and short. */
  lastWords?: string;
  /** The Python module that those words miss. */
  missingModule?: MissingModule;
}

export interface MissingModule {
  module: string;
  /** Which interpreter lacks it, by its path, where that is known. */
  interpreter?: string;
}

/** What ended a run on a cluster without a word from the run itself. */
export type SlurmEnd =
  | "cancelled"
  | "time limit"
  | "node failure"
  | "preempted"
  | "requeued"
  | "out of memory";

export interface SlurmSeen extends Omit<SlurmRun, "begunAt"> {
  /** It was held in the queue, as a pause asked for, before it had begun. */
  unbegun?: true;
  /** With `exit` unknown. */
  end?: SlurmEnd;
}

/** What the GPUs of one run showed at the last look. */
export interface GpuView {
  /** Monotonic time of the oldest reading in it. */
  atMs: number;
  /** Why the processes on them can't be determined, or null. */
  unavailable: string | null;
  /** "GPU 0", "GPU 0 and 1". */
  name: string;
  freeMiB: number | null;
  /** All that programs can have of them; omitted where that isn't known. */
  mostMiB?: number;
  /** What the driver lists of this run, whether it is still alive or not. */
  entries: ProcessEvidence[];
  /** Memory held beside the run, with those that are listed as holding it; the rest nobody is. */
  othersMiB: number;
  others: ProcessEvidence[];
  /** Why nothing can be parked there; half a sentence, omitted where nothing speaks against it. */
  unparkable?: string;
  /** A program was seen to come back from being parked there. */
  parks?: true;
  /** Whose job of another supervisor has one of them, or waits there ahead of it; omitted where there is none. */
  takenBy?: string;
}
