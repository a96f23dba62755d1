/** What is decided, why, and what that rests on. */
import type { Actor, Cause } from "./actor.ts";
import type { Metric, ProcessEvidence } from "./machine.ts";
import type { PauseMethod } from "./state.ts";

/** What stands between a job and running; `text` is for people, `code` for programs. */
export interface WaitingFor {
  code:
    | "manual"
    | "window"
    | "rule"
    | "sensor"
    | "footprint"
    | "settling"
    | "start-order"
    | "back-off"
    | "budget"
    | "restart"
    | "gpu-claimed"
    | "gpu-memory"
    | "checkpoint-check"
    | "journal"
    | "shutdown";
  text: string;
  rule?: string;
  gpu?: string;
  untilMs?: number;
  processes?: ProcessEvidence[];
  /** Whose supervised job holds the GPU, since when (wall time), and the own place in the line from 1. */
  by?: { user: string; job: string };
  sinceMs?: number;
  place?: number;
}

/** The answer to "why?" for one job at one tick. */
export interface Why {
  job: string;
  summary: string;
  waitingFor: WaitingFor[];
  /** What is expected next, and when (wall time), where that can be known. */
  next: string | null;
  nextAtMs: number | null;
  /** What a person can type for it to come sooner; left out where nothing would. */
  sooner?: WayOut[];
}

export interface WayOut {
  command: string;
  /** What comes of it, and what it costs. */
  does: string;
}

export type Decision =
  /** `gpus`: UUIDs of the GPUs to place it on. A resume of a standby or frozen job stays in its run. */
  | {
      verb: "start" | "resume";
      job: string;
      actor: Actor;
      reason: string;
      evidence: Evidence;
      gpus: string[];
    }
  /** `end`: a person has its run ended instead of waiting for a checkpoint. */
  | { verb: "pause"; job: string; method: PauseMethod; cause: Cause; evidence: Evidence; end?: true }
  | { verb: "notify"; job: null; actor: Actor; reason: string; evidence: Evidence };

export type PauseDecision = Extract<Decision, { verb: "pause" }>;
export type StartDecision = Extract<Decision, { verb: "start" | "resume" }>;

/** The samples, the rule and the processes behind a decision; stored with its event. */
export interface Evidence {
  rule?: string;
  metric?: Metric;
  gpu?: string;
  value?: number;
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
  /** When its `closes` next occurs, open or not. */
  closesAtMs?: number | null;
  /** Jobs it governs; null means all. */
  jobs: string[] | null;
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
  /** Whether even the most that the reading might be is this side of the pressure threshold. */
  roomy: boolean;
  /** Monotonic time of the last reading that was used; null before the first. */
  readAtMs: number | null;
  lastValue: number | null;
  unavailable: string | null;
}
