/** What is decided, and on what evidence; what rules remember. */
import type { Actor, Cause } from "./actor.ts";
import type { Metric, ProcessEvidence } from "./machine.ts";
import type { PauseMethod } from "./state.ts";

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
