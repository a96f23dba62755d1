/**
 * One call of `step` in progress: the job's facts, its next state, and what is to be journalled and
 * performed. Only its methods write it, and the caller's job never changes.
 */
import type { Actor } from "../../model/actor.ts";
import type { Evidence } from "../../model/decision.ts";
import type { Effect } from "../../model/effect.ts";
import type { NewEvent } from "../../model/event.ts";
import type { Job } from "../../model/job.ts";
import type { Run, Said } from "../../model/run.ts";
import type { GpuView } from "../../model/seen.ts";
import type { JobState, PauseRequest } from "../../model/state.ts";
import type { Now } from "../../model/time.ts";

type Live = Extract<JobState, { run: Run }>;
type Pausing = Extract<JobState, { name: "pausing" }>;
type Facts = Omit<Job, "name" | "spec" | "state">;
/** The job of this transition. */
type OwnEffect = Effect extends infer One ? (One extends Effect ? Omit<One, "job"> : never) : never;

export interface Stepped {
  job: Job;
  events: NewEvent[];
  effects: Effect[];
}

export class Transition {
  readonly now: Now;
  /** What its GPUs showed at the last look; null where it has none. */
  readonly gpus: GpuView | null;
  readonly #before: Readonly<Job>;
  #job: Readonly<Job>;
  #state: Readonly<JobState>;
  readonly #events: NewEvent[] = [];
  readonly #effects: Effect[] = [];

  constructor(job: Job, now: Now, gpus: GpuView | null) {
    this.now = now;
    this.gpus = gpus;
    this.#before = job;
    this.#job = job;
    this.#state = job.state;
  }

  get name(): string {
    return this.#job.name;
  }

  /** Its current facts; its state is `state`. */
  get job(): Readonly<Omit<Job, "state">> {
    return this.#job;
  }

  get state(): Readonly<JobState> {
    return this.#state;
  }

  /** The run of a live state. @throws Error in any other state: a bug. */
  get run(): Readonly<Run> {
    return this.live().run;
  }

  live(): Readonly<Live> {
    if ("run" in this.#state) return this.#state;
    throw this.bug("a run");
  }

  /** @param input one that has no meaning in any other state. @throws Error there: a bug. */
  pausing(input: string): Readonly<Pausing> {
    if (this.#state.name === "pausing") return this.#state;
    throw this.bug(input);
  }

  become(state: JobState): void {
    this.#state = state;
  }

  /** Sets facts of the job. Most are known: a job that nothing has changed isn't copied. */
  note(facts: Partial<Facts>): void {
    if (hasAll(this.#job, facts)) return;
    this.#job = { ...this.#job, ...facts };
  }

  drop(
    fact:
      | "backedUp"
      | "backupFailure"
      | "cancelling"
      | "doubts"
      | "earlier"
      | "foreign"
      | "gpuShortage"
      | "older"
      | "rejected"
      | "restoring"
      | "turn"
      | "unready",
  ): void {
    const { [fact]: _, ...rest } = this.#job;
    this.#job = rest;
  }

  /** Sets facts of the run, whichever live state the job is in. */
  know(facts: Partial<Run>): void {
    const state = this.live();
    this.#state = { ...state, run: { ...state.run, ...facts } };
  }

  forget(fact: "resuming" | "rankGoneAt" | "park" | "parks"): void {
    const state = this.live();
    const { [fact]: _, ...run } = state.run;
    this.#state = { ...state, run };
  }

  /** Sets facts of the requested pause. */
  amend(facts: Partial<PauseRequest>): void {
    const state = this.pausing("a pause request");
    this.#state = { ...state, request: { ...state.request, ...facts } };
  }

  perform(effect: OwnEffect): void {
    this.#effects.push({ ...effect, job: this.name } as Effect);
  }

  tell(
    kind: NewEvent["kind"],
    actor: Actor,
    reason: string,
    more: { evidence?: Evidence; outcome?: Record<string, unknown> } = {},
  ): void {
    const run = "run" in this.#state ? this.#state.run.number : this.#job.runs || null;
    this.#events.push({ kind, job: this.name, run, actor, reason, ...more });
  }

  /** Whether the run is described this way for the first time. */
  first(fact: Said): boolean {
    const said = this.run.said ?? [];
    if (said.includes(fact)) return false;
    this.know({ said: [...said, fact] });
    return true;
  }

  /** The result: the caller's job itself where nothing has changed. */
  done(): Stepped {
    const isSame = this.#job === this.#before && this.#state === this.#before.state;
    const job = isSame ? this.#before : { ...this.#job, state: this.#state };
    return { job, events: this.#events, effects: this.#effects };
  }

  bug(input: string): Error {
    return new Error(
      `job '${this.name}' in state '${this.#state.name}' got '${input}', which has no meaning there`,
    );
  }
}

/** Asked several times a tick of every job, so it makes nothing but its answer. */
function hasAll(job: Partial<Facts>, facts: Partial<Facts>): boolean {
  for (const fact in facts) if (facts[fact as keyof Facts] !== job[fact as keyof Facts]) return false;
  return true;
}
