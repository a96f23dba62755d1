/**
 * One supervisor. `tick()` is the whole program on one screen:
 * observe and sense → decide → record the intent → act → show. It does no I/O of its own and reads no
 * clock: everything goes through the ports. Effects happen only after the event that announces them is
 * journalled; a start or resume that can't be journalled doesn't happen.
 */
import type { JobSpec } from "../config/schema/job-schema.ts";
import type { Config } from "../config/schema/schema.ts";
import type { BackupInput } from "../decide/lifecycle/checkpoints/backed-up.ts";
import { type ManualRequest, manualRequest, type Requested } from "../decide/manual-request.ts";
import { isSettled } from "../decide/pauses/settled.ts";
import { decide } from "../decide/policy.ts";
import type { Recovery } from "../decide/recover-jobs.ts";
import { dropped, edited, type Removal, removeJobs, roster, withDropped } from "../decide/roster.ts";
import { guardThreshold } from "../decide/rules/guard-threshold.ts";
import { askForTurn, type TurnRequest } from "../decide/sharing/ask-for-turn.ts";
import { ownClaims } from "../decide/sharing/line.ts";
import { windowStates } from "../decide/windows/windows.ts";
import type { World } from "../decide/world.ts";
import type { AuditEvent, NewEvent } from "../model/event.ts";
import type { Job } from "../model/job.ts";
import type { Sample } from "../model/machine.ts";
import type { Away } from "../model/park.ts";
import type { Run } from "../model/run.ts";
import { runOf } from "../model/state.ts";
import type { Now } from "../model/time.ts";
import type { Why } from "../model/why.ts";
import type { Claims } from "../ports/claims.ts";
import type { Clock } from "../ports/clock.ts";
import type { Journal } from "../ports/journal.ts";
import type { Runs } from "../ports/runs.ts";
import type { Sensors } from "../ports/sensors.ts";
import type { Sleep } from "../ports/sleep.ts";
import { observe } from "./observe.ts";
import { once } from "./once.ts";
import { problemsOf } from "./problems.ts";
import { Persistence } from "./save-jobs.ts";
import { Steps } from "./steps.ts";

export interface Parts {
  clock: Clock;
  sensors: Sensors;
  runs: Runs;
  journal: Journal;
  /** Tells other supervisors which GPUs are held. */
  claims?: Claims;
  /** Tells when the system is about to sleep. */
  sleep?: Sleep;
  /** Ids of this boot and of each new run; passed in, since deciding uses no randomness. */
  identity: { bootId: string; newRunId(): string };
  onEvent?: (event: AuditEvent) => void;
  /** Called to have `tick()` run soon, ahead of the next poll. */
  wake: () => void;
}

/** What a tick has observed and decided; snapshots are made from it. */
export interface Moment {
  now: Now;
  sample: Sample;
  world: World;
  why: () => Readonly<Record<string, Why>>;
  stopping: boolean;
}

export class Supervisor {
  readonly #parts: Parts;
  #config: Config;
  #stopping = false;
  readonly #persistence: Persistence;
  readonly #steps: Steps;
  #moment: Moment | null = null;

  /** `recovered`: the known jobs, and what must be recorded and done about them first. */
  constructor(parts: Parts, config: Config, recovered: Recovery) {
    this.#parts = parts;
    this.#config = config;
    this.#persistence = new Persistence(parts.journal, parts.onEvent);
    this.#steps = new Steps(
      {
        runs: parts.runs,
        identity: parts.identity,
        persistence: this.#persistence,
        wake: () => parts.wake(),
      },
      recovered.jobs,
    );
    this.#persistence.record(recovered.events, parts.clock.now(), { jobs: recovered.dropped ?? [] });
    for (const effect of recovered.effects) this.#steps.perform(effect);
  }

  get world(): World {
    return this.#steps.world;
  }

  get moment(): Moment | null {
    return this.#moment;
  }

  /** What the user should know now, as sentences. */
  get problems(): string[] {
    const { runs } = this.#parts;
    const noted = problemsOf(this.world, this.#config.rules, {
      gpus: this.#moment?.sample.gpus ?? [],
      freeMiB: (job) => runs.freeMiB(job),
    });
    return [...this.#steps.problems, ...noted];
  }

  tick(): Moment {
    const { clock, sensors } = this.#parts;
    const now = clock.now();
    observe(this.#steps, this.#parts, this.#moment?.sample ?? null, now);
    const live = this.#steps.live();
    const sample = sensors.sample(live, now);
    const windows = windowStates(this.#config.windows, now.wallMs);
    const mode = {
      stopping: this.#stopping,
      journalHealthy: this.#parts.journal.problem === null,
      sleepComes: this.#parts.sleep?.comes ?? false,
    };
    const decided = decide(this.#steps.world, { sample, windows, config: this.#config, now, mode });
    this.#steps.world = decided.world;
    this.#persistence.record(decided.events, now);
    for (const decision of decided.decisions) this.#steps.carryOut(decision, now);
    this.#parts.claims?.publish(ownClaims(this.#steps.world, decided.lines, now));
    this.#persistence.save(this.#steps.world.jobs, now);
    this.#parts.journal.addSample(sample);
    sensors.guard(guardThreshold(this.#config.rules, this.#steps.world.jobs), live, this.#parts.wake);
    const { world } = this.#steps;
    // Few ticks are watched.
    const why = once(() => decided.why(world.jobs));
    this.#moment = { now, sample, world, why, stopping: this.#stopping };
    return this.#moment;
  }

  /** A user's pause, resume, rerun or cancel. A pause and a cancel act at once, a resume at the next tick, which is woken. */
  request(asked: ManualRequest): Pick<Requested, "errors" | "passedOver"> {
    const now = this.#parts.clock.now();
    observe(this.#steps, this.#parts, this.#moment?.sample ?? null, now);
    const windows = windowStates(this.#config.windows, now.wallMs);
    const result = manualRequest(this.#steps.world, asked, windows, now);
    this.#steps.world = result.world;
    this.#persistence.recordWith(this.#steps.world.jobs, result.events, now);
    for (const effect of result.effects) this.#steps.perform(effect);
    // A stop pauses every job in its own way.
    if (!this.#stopping) for (const decision of result.decisions) this.#steps.carryOut(decision, now);
    this.#parts.wake();
    return { errors: result.errors, passedOver: result.passedOver };
  }

  /** Requests a turn on a GPU that another user's supervised job holds. */
  requestTurn(asked: TurnRequest): { job: string; holder: string } | { error: string } {
    if (!this.#moment) return { error: "The supervisor has only just started." };
    const now = this.#parts.clock.now();
    const result = askForTurn(this.#steps.world, asked, this.#moment.sample, now);
    if ("error" in result) return result;
    this.#steps.world = result.world;
    this.#persistence.recordWith(this.#steps.world.jobs, result.events, now);
    this.#parts.wake();
    return { job: result.job, holder: result.holder };
  }

  /** Adopts a live run that the database doesn't know. False when its job is unknown or has another run. */
  takeBack(name: string, run: Run, away?: Away): boolean {
    const job = this.#steps.world.jobs[name];
    if (!job || runOf(job) !== null) return false;
    const now = this.#parts.clock.now();
    this.#steps.take(job, { kind: "taken-back", run, ...(away && { away }) }, now);
    return true;
  }

  /** What came of copying a job's checkpoint to its backup, or of bringing one back. */
  backedUp(name: string, outcome: Omit<BackupInput, "kind">): void {
    const job = this.#steps.world.jobs[name];
    if (!job) return;
    const now = this.#parts.clock.now();
    this.#steps.take(job, { ...outcome, kind: "backup" } as BackupInput, now);
    // What was fetched is there like any other checkpoint.
    if (outcome.verb === "restore") this.#steps.look(this.#steps.world.jobs[name] ?? job, now);
    this.#parts.wake();
  }

  /** Adds a job submitted at run time. The name must be free. */
  add(job: Job): void {
    this.#steps.replace(job);
    this.#persistence.save(this.#steps.world.jobs, this.#parts.clock.now());
    this.#parts.wake();
  }

  /** Gives a job that was added by hand new settings; its command and environment count from its next run on. */
  edit(spec: JobSpec, by: string): { error: string } | null {
    const result = edited(this.#steps.world.jobs, spec, by);
    if ("error" in result) return result;
    this.#steps.replace(result.job);
    this.#persistence.recordWith(this.#steps.world.jobs, [result.event], this.#parts.clock.now());
    this.#parts.wake();
    return null;
  }

  /** Takes jobs off the list that have no run; each that can't be is answered with a sentence. */
  remove(removal: Removal): { errors: string[] } {
    const { jobs, removed, events, errors } = removeJobs(this.#steps.world.jobs, removal);
    this.#steps.world = { ...this.#steps.world, jobs };
    this.#persistence.record(events, this.#parts.clock.now(), { jobs: [], removed });
    this.#parts.wake();
    return { errors };
  }

  /** Puts a checked config in force from the next tick on. */
  reconfigure(config: Config, event: NewEvent): void {
    const now = this.#parts.clock.now();
    const before = this.#steps.world.jobs;
    const jobs = roster(config, Object.values(before), now);
    const gone = dropped(Object.values(before), jobs, config);
    this.#config = config;
    this.#steps.world = { ...this.#steps.world, jobs: withDropped(jobs, gone.jobs) };
    this.#persistence.record([event, ...gone.events], now, { jobs: gone.jobs });
    this.#parts.wake();
  }

  /** Pauses every job and starts none; `settled` is true when nothing is left to wait for. */
  stop(): void {
    this.#stopping = true;
    this.#parts.wake();
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** Stopping, and done with every job. */
  get settled(): boolean {
    if (!this.#stopping || !this.#moment?.stopping) return false;
    const now = this.#parts.clock.now();
    return Object.values(this.#steps.world.jobs).every((job) => isSettled(job, now));
  }

  /** Events that belong to no job's step: the supervisor's start and stop, a changed config. */
  record(events: NewEvent[]): void {
    this.#persistence.record(events, this.#parts.clock.now());
  }

  /** Like `record`, with every job as it is: for events after which the database may not know them. */
  recordWithJobs(events: NewEvent[]): void {
    this.#persistence.record(events, this.#parts.clock.now(), {
      jobs: Object.values(this.#steps.world.jobs),
    });
  }

  /** Resolves when the effects in progress have ended. */
  async idle(): Promise<void> {
    await this.#steps.idle();
  }
}
