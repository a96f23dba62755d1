/** Why a job is as it is: its state, the cause, what it waits for, what comes next, what helps sooner. */

import type { Cause } from "./actor.ts";
import type { HandOver, Sight } from "./decision.ts";
import type { SavesBy } from "./job.ts";
import type { ProcessEvidence } from "./machine.ts";
import type { Park, Parked } from "./park.ts";
import type { SlurmRun } from "./run.ts";
import type { ServerHold, Talk } from "./server.ts";
import type { PauseRequest, StateName } from "./state.ts";

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

const PASSING: readonly WaitingFor["code"][] = ["start-order", "checkpoint-check", "checkpoint-restore"];

/** It is over by itself, as a rule within moments. */
export const isPassing = ({ code }: WaitingFor): boolean => PASSING.includes(code);

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
  /** Its program was told to end before the grace is over: it has saved by itself, or a person or its time limit wants that. */
  ending?: "saved" | "by hand";
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
  /** Until when a report is waited for that it saves; only with `cantAsk`. */
  reportUntilMs?: number;
  /** Its library was asked a while ago, and has reported no step of this run. */
  unstepped?: true;
  /** Its last error, in its own words; of one that was asked to pause a while ago. */
  error?: string;
  /** Another's checkpoint that this run was begun with: the name of the file, and whether its arguments name it. */
  begunWith?: { file: string; argument: boolean };
  /** A file of its pattern that isn't used, beside which its run was begun without a checkpoint, and has saved none yet. */
  begunBeside?: string;
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
