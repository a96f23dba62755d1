/**
 * Everything that one decision looks at, gathered once per tick, so that the cost per job is small.
 * Read only: a stage that changes something returns it, and the next stage works on that.
 */
import type { Config } from "../config/schema/schema.ts";
import type { WindowState } from "../model/decision.ts";
import type { Sample } from "../model/machine.ts";
import type { Now } from "../model/time.ts";
import type { Idle } from "./rules/idle-gpu.ts";
import type { RuleNow } from "./rules/rule-now.ts";
import type { Jobs, PolicyMemory } from "./world.ts";

export interface Mode {
  /** The supervisor is shutting down: everything is paused, nothing started. */
  readonly stopping: boolean;
  /** Intents can be written; otherwise nothing is started. */
  readonly journalHealthy: boolean;
  /** The system is about to sleep: what can save is paused, nothing is started. */
  readonly sleepComes?: boolean;
}

/** What is new at this tick. */
export interface Tick {
  readonly sample: Readonly<Sample>;
  readonly windows: readonly WindowState[];
  readonly config: Readonly<Config>;
  readonly now: Readonly<Now>;
  readonly mode: Mode;
}

export interface TickInput extends Tick {
  readonly jobs: Jobs;
  readonly rules: readonly RuleNow[];
  readonly idle: readonly Idle[];
  readonly memory: PolicyMemory;
}
