/**
 * One supervisor with all that serves it, from its first tick to its last: it ticks, answers, notifies, copies and
 * looks after its own places. Everything that it opens it closes, in the order that the jobs need. Decides nothing.
 */
import { Backups } from "../backup/backups.ts";
import { clock, elapsedMs, wallMs } from "../clock.ts";
import type { Config } from "../config/schema/schema.ts";
import type { Snapshot } from "../control/protocol.ts";
import { type ControlServer, serveControl } from "../control/serve.ts";
import { windowStates } from "../decide/windows/windows.ts";
import { ownName } from "../files/home.ts";
import { recordSupervisor } from "../files/supervisors.ts";
import { Metrics } from "../metrics/metrics.ts";
import type { AuditEvent } from "../model/event.ts";
import { Notifier } from "../notify/notify.ts";
import type { Lock } from "../record/database/lock.ts";
import type { RecordJournal } from "../record/journal.ts";
import { forgetOtherEnvironments } from "../runs/launch/shell-environment.ts";
import { Loop } from "../tick/loop.ts";
import { VERSION } from "../version.ts";
import { stopped } from "./announce.ts";
import { answers } from "./answer-request.ts";
import { ConfigInForce } from "./apply-config-change.ts";
import { type Assembled, assemble } from "./assemble.ts";
import { looks } from "./own-places/looks.ts";
import { OwnPlaces } from "./own-places/own-places.ts";
import { Pace } from "./pace.ts";
import { snapshot } from "./snapshot.ts";
import { onStopSignals } from "./stop-signals.ts";
import { takeBackRuns } from "./take-back-runs.ts";

/** Events that a dashboard shows at once; older ones are in the audit log. */
const RECENT_EVENTS = 100;

export interface SupervisorOptions {
  onEvent?: (event: AuditEvent) => void;
  /** Takes over jobs and checkpoints that another config left in its database and state directory. */
  adopt?: boolean;
}

export class SupervisorProcess {
  readonly #config: ConfigInForce;
  readonly #journal: RecordJournal;
  readonly #parts: Assembled;
  readonly #events: AuditEvent[];
  readonly #pace = new Pace();
  readonly #notifier = new Notifier(() => this.#config.current.notify);
  readonly #backups: Backups;
  readonly #metrics = new Metrics({
    settings: () => this.#config.current.metrics,
    snapshot: () => this.#snapshot(),
    whose: () => ({ user: ownName(), project: this.#config.current.project }),
    onBug: (bug) => this.#end.reject(bug),
  });
  readonly #startedAtMs = wallMs();
  readonly #places: OwnPlaces;
  readonly #end = Promise.withResolvers<void>();
  /** Its last event is recorded; with what couldn't be, or null. */
  readonly #recorded = Promise.withResolvers<string | null>();
  /** Live runs of no known job. */
  #strangers: string | null = null;
  #loop: Loop | null = null;
  #server: ControlServer | null = null;

  constructor(config: Config, journal: RecordJournal, locks: Lock[], { onEvent, adopt }: SupervisorOptions) {
    this.#config = new ConfigInForce(config);
    this.#journal = journal;
    this.#events = journal.tail(RECENT_EVENTS);
    this.#parts = assemble(() => this.#config.current, journal, {
      adopt: adopt ?? false,
      wake: () => this.#loop?.wake(),
      onEvent: (event) => {
        this.#tell(event);
        onEvent?.(event);
      },
    });
    const parts = this.#parts;
    this.#backups = new Backups({
      stateDirectory: config.stateDirectory,
      project: config.project,
      report: (job, outcome) => parts.supervisor.backedUp(job, outcome),
      onBug: (bug) => this.#end.reject(bug),
    });
    this.#places = new OwnPlaces(
      looks({ config, locks, journal, parts, server: () => this.#server }),
      (events) => parts.supervisor.recordWithJobs(events),
    );
  }

  /** Resolves at its end: with a sentence that says what isn't recorded, or null. */
  async run(socket: string): Promise<string | null> {
    await this.#serve(socket);
    recordSupervisor(this.#config.current.project, this.#config.current.stateDirectory);
    const endSignals = onStopSignals((again) => void this.#requestStop(!again));
    const endTicks = this.#startTicking();
    try {
      await this.#end.promise;
    } finally {
      endTicks();
      await this.#shutDown();
      endSignals();
    }
    return this.#recorded.promise;
  }

  async #serve(socket: string): Promise<void> {
    const { supervisor } = this.#parts;
    const { stateDirectory } = this.#config.current;
    this.#strangers = await takeBackRuns(supervisor, stateDirectory);
    // A database that was set aside may be put back, with its jobs.
    if (!this.#journal.isNew) forgetOtherEnvironments(stateDirectory, supervisor.world.jobs);
    this.#server = await serveControl(socket, {
      snapshot: () => this.#snapshot(),
      onRequest: answers({
        supervisor,
        now: () => clock.now(),
        stateDirectory: this.#config.current.stateDirectory,
        readConfig: () => this.#config.readNow(),
        stop: (pauseJobs) => this.#requestStop(pauseJobs),
        onBug: this.#end.reject,
      }),
    });
  }

  /** Returns what ends the ticks and all that wakes them for a changed config or a window. */
  #startTicking(): () => void {
    const { supervisor, runs } = this.#parts;
    const loop = new Loop({
      tick: () => this.#tick(),
      pollMs: () => this.#config.current.pollSeconds * 1000,
      onBug: this.#end.reject,
    });
    this.#loop = loop;
    runs.onChange(() => loop.wake());
    const journal = this.#journal;
    const endConfig = this.#config.follow({ supervisor, journal, wake: () => loop.wake() });
    return () => {
      loop.stop();
      endConfig();
    };
  }

  async #shutDown(): Promise<void> {
    const { supervisor, claims, sensors, runs, sleep } = this.#parts;
    sleep.close();
    await supervisor.idle();
    await this.#places.idle();
    await this.#backups.close();
    supervisor.record([stopped(Object.values(supervisor.world.jobs))]);
    this.#recorded.resolve(this.#journal.writeAll());
    await Promise.all([this.#notifier.close(), this.#metrics.close()]);
    claims.close();
    await this.#server?.close();
    sensors.close();
    await runs.close();
  }

  /** Resolves when the supervisor is about to end, with what isn't recorded, or null. */
  #requestStop(pauseJobs: boolean): Promise<string | null> {
    if (pauseJobs) this.#parts.supervisor.stop();
    else this.#end.resolve();
    return this.#recorded.promise;
  }

  #tick(): void {
    const { supervisor } = this.#parts;
    const moment = supervisor.tick();
    for (const job of Object.values(moment.world.jobs)) this.#pace.note(job);
    this.#metrics.note(moment);
    this.#server?.publish(supervisor.settled);
    this.#backups.look(moment.world.jobs);
    this.#parts.sleep.look(moment.world.jobs, moment.now);
    this.#places.lookIfDue(elapsedMs(), this.#end.reject);
    if (supervisor.settled) this.#end.resolve();
  }

  #tell(event: AuditEvent): void {
    this.#events.push(event);
    if (this.#events.length > RECENT_EVENTS) this.#events.shift();
    this.#notifier.tell(event);
    this.#metrics.tell(event);
  }

  /** What the user should know now. */
  #problems(): string[] {
    const { claims, runs, sleep, supervisor } = this.#parts;
    const untold = "Supervisors of other users can't be told which jobs are supervised here";
    return [
      this.#config.problem,
      this.#strangers,
      ...this.#places.problems,
      claims.problem === null ? null : `${untold}: ${claims.problem}`,
      ...this.#journal.problems,
      ...this.#notifier.problems,
      ...this.#backups.problems(supervisor.world.jobs),
      ...this.#metrics.problems,
      ...runs.problems,
      ...sleep.problems,
      ...supervisor.problems,
    ].filter((problem) => problem !== null);
  }

  #snapshot(): Snapshot {
    const { supervisor } = this.#parts;
    return snapshot(supervisor.moment ?? supervisor.tick(), {
      config: this.#config.current,
      version: VERSION,
      startedAtMs: this.#startedAtMs,
      stopping: supervisor.stopping,
      warnings: this.#problems(),
      windows: windowStates(this.#config.current.windows, wallMs()),
      events: this.#events,
      pace: (job) => this.#pace.of(job),
      copying: this.#backups.copyingOf,
    });
  }
}
