/** What is decided, why, and on what evidence. */
import type { Actor, Cause } from "./actor.ts";
import type { SavesBy } from "./job.ts";
import type { Metric, ProcessEvidence } from "./machine.ts";
import type { Park, Parked } from "./park.ts";
import type { SlurmRun } from "./run.ts";
import type { ServerHold, Talk } from "./server.ts";
import type { PauseMethod, PauseRequest, StateName } from "./state.ts";

/** What stands between a job and running; `text` is for people, `code` for programs. */
export interface WaitingFor {
  code:
    | "manual"
    | "window"
    | "after"
    | "not-before"
    | "rule"
    | "sensor"
    | "footprint"
    | "settling"
    | "start-order"
    | "back-off"
    | "budget"
    | "parallel"
    | "restart"
    | "gpu-claimed"
    | "gpu-memory"
    | "gpu-shortage"
    | "checkpoint-check"
    | "checkpoint-owner"
    | "checkpoint-restore"
    | "park"
    | "journal"
    | "sleep"
    | "shutdown";
  text: string;
  rule?: string;
  gpu?: string;
  untilMs?: number;
  processes?: ProcessEvidence[];
  /** Whose supervised job holds the GPU (`place`: see Claim), since when (wall time), and our own place in line, from 1. */
  by?: { user: string; job: string; place?: string };
  sinceMs?: number;
  place?: number;
}

/**
 * The answer to "why?" for one job at one tick, as data: only `words/why.ts` puts it into words. All
 * times are wall time in ms.
 */
export interface Why {
  job: string;
  state: StateName;
  /** Since when it is in this state. */
  sinceMs: number;
  /** Who paused it, or asked it to pause, and why. */
  cause?: Pick<Cause, "actor" | "reason">;
  /** It finished with this command; its settings name another one since. */
  finishedWith?: string[];
  /** How it, or the run before the one that it waits for, failed: whole sentences. */
  failure?: string;
  /** Its pause left no checkpoint: what that costs. */
  unsaved?: string;
  /** What speaks against its having finished. */
  assumed?: string;
  /** It was cancelled, and its program was asked to end. */
  cancelling?: true;
  /** Since when it has made no step. */
  stalledSinceMs?: number;
  /** A person lets it run while its window is closed. */
  outsideWindow?: true;
  /** Its pause has outlasted the grace period: the action taken, how long ago it was asked, the GPU it keeps. */
  overdue?: { forced: NonNullable<PauseRequest["overdue"]>; askedForMs: number; gpu: string | null };
  /** Its first process has ended; other processes of its run may be left. */
  exited?: true;
  /** Its streams, of which not all are at the end of their frame. */
  streams?: { open: number; held: number };
  /** Its server, asked by HTTP: what it is asked just now, and what stands in the way; half a sentence. */
  asked?: { at: Talk["at"]; trouble?: string };
  /** Why a service isn't there; half a sentence. */
  absent?: string;
  /** What a server on standby holds. */
  server?: ServerHold;
  /** What a parked job holds in host memory instead of on its GPU. */
  parked?: Parked;
  /** Where the move of its VRAM is, and what stands in the way; half a sentence. */
  moves?: { at: Park["at"]; trouble?: string };
  /** All its processes have ended, and the driver still lists some of them. */
  listed?: { gpu: string; pids: number[]; heldMiB: number };
  /** What of its run outlives its first process, and since when. */
  left?: { pid: number; command: string; others: number; sinceMs: number };
  /** The pause signal, which it doesn't catch yet. */
  unheard?: string;
  /** It can't be asked to save: it is ended after its next checkpoint, or by its `pause.onTimeout`, or frozen without a report. */
  cantAsk?: "until it saves" | "until its grace ends" | "until it reports";
  /** How it makes room when it is asked to, as far as that is known. */
  room?: Room;
  /** Where its run stands on a Slurm cluster. */
  slurm?: SlurmRun;
  /** Another user asks for a turn on its GPU, and a person has to decide. */
  turn?: { user: string; forMs: number };
  /** It seems to hand its work to a program that isn't its own. */
  handsOver?: HandOver;
  /** Rules in pressure that pause nobody, and why not this one. */
  spared?: Spared[];
  /** GPUs that it holds and doesn't use. */
  idle?: IdleGpu[];
  /** What rules that concern it can't see. */
  unseen?: Sight[];
  /** Its checkpoint is on its way to its backup, or back from there. */
  copying?: Copying;
  waitingFor: WaitingFor[];
  /** What is expected next, if its time can be known. */
  next: Next | null;
  /** What a person can type to speed it up; omitted where nothing would. */
  sooner?: WayOut[];
}

/** How much of a checkpoint has been copied, in bytes. */
export interface CopyProgress {
  bytes: number;
  of: number;
}

export interface Copying extends CopyProgress {
  verb: "upload" | "restore";
}

/**
 * `unproven`: nothing shows that it saves, so it is only frozen. `frozen`: as its config says. `ranks`: nothing
 * shows that they save, and frozen ranks fail, so it makes none, or is ended by its `pause.onTimeout`.
 */
export type Room =
  | SavesBy
  | "standby"
  | "frozen"
  | "parked"
  | "parked by itself"
  | "server"
  | "unproven"
  | "ranks"
  | "ranks ended";

/** A GPU, by its number, that a job holds and has left unused for longer than the rule allows. */
export interface IdleGpu {
  rule: string;
  gpu: number;
  sinceMs: number;
}

export type Next =
  | { what: "window-closes"; window?: string; atMs: number }
  | { what: "grace-ends" | "window-opens" | "retry" | "may-go-on" | "release" | "time-limit"; atMs: number };

/**
 * Why a rule in pressure doesn't pause a job. `use`: it uses so little (percent or MiB) that a pause would free nothing;
 * `means`: none of its means would free that; `parks`: its only one takes what the rule asks for; `excused`: a person has resumed it;
 * `blamed`: the rule was found to blame the job for its own use.
 */
export type Spared = { job: string; rule: string; gpu: number | string | null } & (
  | { because: "use"; of: "cpu" | "memory"; value: number }
  | { because: "means" | "parks" | "excused" | "blamed" }
);

export interface WayOut {
  /** The whole command to type. */
  command: string;
  /** The same without the program's name, for narrow places. */
  short: string;
  /** Its effect and its cost. */
  does: string;
}

export type Decision =
  /** `gpus`: UUIDs of the GPUs to place it on. Resuming a standby or frozen job continues its run. */
  | {
      verb: "start" | "resume";
      job: string;
      actor: Actor;
      reason: string;
      evidence: Evidence;
      gpus: string[];
      /** The variables that tell the program its GPUs. */
      devices?: Record<string, string>;
    }
  /** `end`: a person has its run ended instead of waiting for a checkpoint. `wanted`: this method and no other. */
  | {
      verb: "pause";
      job: string;
      method: PauseMethod;
      cause: Cause;
      evidence: Evidence;
      end?: true;
      wanted?: true;
    }
  | { verb: "notify"; job: null; actor: Actor; reason: string; evidence: Evidence };

export type PauseDecision = Extract<Decision, { verb: "pause" }>;
export type StartDecision = Extract<Decision, { verb: "start" | "resume" }>;

/** The samples, the rule and the processes behind a decision; stored with its event. */
export interface Evidence {
  rule?: string;
  metric?: Metric;
  gpu?: string;
  value?: number;
  /** How `value` came about, where it is an estimate. */
  estimated?: string;
  threshold?: number;
  dwellSeconds?: number;
  window?: string;
  readings?: Record<string, number | string>;
  processes?: ProcessEvidence[];
  [more: string]: unknown;
}

export interface WindowState {
  name: string;
  open: boolean;
  sinceMs: number | null;
  /** When it next opens or closes. */
  changesAtMs: number | null;
  /** When its `closes` next occurs, whether it is open or not. */
  closesAtMs?: number | null;
  /** Jobs it governs; null means all. */
  jobs: string[] | null;
}

/** What `program`, or others together, used of the CPU or of a GPU before and beside a job's runs, in percent. */
export interface HandOver {
  /** The GPU's index; null: the CPU. */
  gpu: number | null;
  from: number;
  to: number;
  /** With how many runs it rose and fell. */
  runs: number;
  program?: { name: string; pid: number };
}

/** A reading that rules depend on and that isn't there, or is an estimate; `gpu`: its index, or its UUID when it is gone. */
export interface Sight {
  how: "blind" | "estimated";
  metric: Metric;
  gpu: number | string | null;
  rules: string[];
  /** Half a sentence. */
  why: string;
}

/** A rule's memory. Key: the rule's name, and the GPU's UUID for gpu.* rules. */
export interface RuleState {
  rule: string;
  gpu: string | null;
  firm: "pressure" | "clear";
  /** Wall time of the last change of `firm`, for people; `firmSinceMs` is the same in monotonic time. */
  sinceMs: number;
  firmSinceMs: number;
  /** Monotonic time since which the other side's threshold has been met without a break. */
  leaningSinceMs: number | null;
  /** Monotonic time since which the pressure threshold has been met without a break. */
  beyondSinceMs: number | null;
  /** Whether even the highest possible value of the reading is this side of the pressure threshold. */
  roomy: boolean;
  /** Monotonic time of the last reading used; null before the first. */
  readAtMs: number | null;
  lastValue: number | null;
  unavailable: string | null;
  /** How its last reading came about, where that was an estimate. */
  estimated?: string;
  /** It has never been read, for so long that it is certain not to be there: the rule can't act. */
  blind?: true;
}
