/**
 * One call of `step` while it is being worked out: a private copy of the job, its next state,
 * and what is to be journalled and performed. The caller's job is never changed.
 */
import type { Actor, Effect, Evidence, GpuView, JobState, NewEvent, Now, Run, Said } from "../../model.ts";
import type { SupervisedJob } from "../../ports.ts";

type Live = Extract<JobState, { run: Run }>;

export class Turn {
  readonly now: Now;
  /** Everything but the state, which is `state`. */
  job: SupervisedJob;
  state: JobState;
  /** What its GPUs showed at the last look; null where it has none. */
  gpus: GpuView | null = null;
  readonly events: NewEvent[] = [];
  readonly effects: Effect[] = [];

  constructor(job: SupervisedJob, now: Now) {
    this.now = now;
    this.job = { ...job };
    this.state = job.state;
  }

  get name(): string {
    return this.job.name;
  }

  /** The run of a live state. @throws Error in any other: a bug. */
  get run(): Run {
    return this.live().run;
  }

  live(): Live {
    if ("run" in this.state) return this.state;
    throw this.bug("a run");
  }

  /** Changes facts of the run, in whatever live state the job is. */
  know(facts: Partial<Run>): void {
    const state = this.live();
    this.state = { ...state, run: { ...state.run, ...facts } };
  }

  tell(
    kind: NewEvent["kind"],
    actor: Actor,
    reason: string,
    more: { evidence?: Evidence; outcome?: Record<string, unknown> } = {},
  ): void {
    const run = "run" in this.state ? this.state.run.number : this.job.runs || null;
    this.events.push({ kind, job: this.name, run, actor, reason, ...more });
  }

  /** Whether this is the first time that the run is said to be so. */
  first(fact: Said): boolean {
    const said = this.run.said ?? [];
    if (said.includes(fact)) return false;
    this.know({ said: [...said, fact] });
    return true;
  }

  bug(input: string): Error {
    return new Error(
      `job '${this.name}' in state '${this.state.name}' got '${input}', which has no meaning there`,
    );
  }
}
