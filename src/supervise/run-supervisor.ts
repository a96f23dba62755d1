/**
 * Puts one supervisor together from its real parts and keeps it going until it is told to stop:
 * lock, database, recovery, sensors, socket, config watch, signals. All decisions are elsewhere.
 */
import { randomBytes } from "node:crypto";
import { ClaimFiles } from "../claims/publish-claims.ts";
import { watchClaims } from "../claims/read-claims.ts";
import { clock, wallMs } from "../clock.ts";
import { formatProblem } from "../config/problem.ts";
import type { Config } from "../config/schema/schema.ts";
import { watchConfig } from "../config/watch.ts";
import { type ControlServer, serveControl } from "../control/serve.ts";
import { arrivals, recoverJobs } from "../decide/recover-jobs.ts";
import { roster } from "../decide/roster.ts";
import { windowStates } from "../decide/windows/windows.ts";
import { prepareStateDirectory } from "../files/state-directory.ts";
import { socketPath } from "../files/state-paths.ts";
import type { AuditEvent } from "../model/event.ts";
import { runOf } from "../model/state.ts";
import { Notifier } from "../notify/notify.ts";
import type { Runs } from "../ports/runs.ts";
import { holdLock } from "../record/database/lock.ts";
import { createJournal, type RecordJournal } from "../record/journal.ts";
import { sweep } from "../runs/clean-up/sweep.ts";
import { createRuns } from "../runs/process-runs.ts";
import { createGpuSource } from "../sense/gpu/source.ts";
import { ProcessOwners } from "../sense/owners/process-owners.ts";
import { bootId } from "../sense/proc/boot-id.ts";
import { createSensors } from "../sense/sensors.ts";
import { type Loop, startLoop } from "../tick/loop.ts";
import { Supervisor } from "../tick/supervisor.ts";
import { VERSION } from "../version.ts";
import { configChanged, configRejected, started, stopped } from "./announce.ts";
import { answerRequest } from "./answer-request.ts";
import { Pace } from "./pace.ts";
import { snapshot } from "./snapshot.ts";
import { onStopSignals } from "./stop-signals.ts";
import { wakeAtWindows } from "./wake-at-windows.ts";

/** Events that a dashboard sees at once; older ones are in the audit log. */
const RECENT_EVENTS = 100;

export interface SupervisorOptions {
  onEvent?: (event: AuditEvent) => void;
}

/**
 * Runs until SIGINT, SIGTERM or a `stop` request. Rejects with Refusal when it can't begin (another
 * supervisor holds the database, the state directory isn't ours) and with the bug when a tick or an
 * answer threw; the jobs are left running then.
 */
export async function runSupervisor(
  config: Config,
  options: SupervisorOptions = {},
): Promise<{ exitCode: number }> {
  prepareStateDirectory(config.stateDirectory);
  const socket = socketPath(config.stateDirectory);
  const lock = holdLock(config.database, { config: config.file, socket });
  try {
    const journal = createJournal(config.database, { retention: config.retention });
    try {
      return await new SupervisorProcess(config, journal, options).keep(socket);
    } finally {
      journal.close();
    }
  } finally {
    lock.release();
  }
}

/** One supervisor and what serves it, from start to end. */
class SupervisorProcess {
  #config: Config;
  readonly #supervisor: Supervisor;
  readonly #journal: RecordJournal;
  readonly #claims: ClaimFiles;
  readonly #runs: Runs;
  readonly #sensors;
  readonly #events: AuditEvent[];
  readonly #pace = new Pace();
  readonly #notifier = new Notifier(() => this.#config.notify);
  readonly #startedAtMs = wallMs();
  readonly #end = Promise.withResolvers<{ exitCode: number }>();
  #rejected: string | null = null;
  #strangers: string | null = null;
  #loop: Loop | null = null;
  #server: ControlServer | null = null;

  constructor(config: Config, journal: RecordJournal, { onEvent }: SupervisorOptions) {
    this.#config = config;
    this.#journal = journal;
    this.#events = journal.tail(RECENT_EVENTS);
    const { stateDirectory, directory } = config;
    const claims = new ClaimFiles(stateDirectory, ({ job, run }) =>
      run ? this.#runs.live(run, job) : { launcherPid: null, pid: null },
    );
    this.#claims = claims;
    this.#runs = createRuns({ stateDirectory, directory, claims, logs: () => this.#config.logs });
    const now = clock.now();
    const recovered = recoverJobs(roster(config, journal.loadJobs(), now), bootId(), now);
    const othersClaims = watchClaims(claims.claimant);
    const owners = new ProcessOwners(process.pid);
    this.#sensors = createSensors({
      diskPath: config.stateDirectory,
      supervisorPid: process.pid,
      owners,
      gpu: createGpuSource({
        owners,
        settings: () => ({ ...this.#config.others, pollSeconds: this.#config.pollSeconds }),
        arrivals: arrivals(recovered.jobs, bootId()),
        claims: othersClaims,
      }),
      claimant: claims.claimant,
      claims: othersClaims,
    });
    const parts = {
      clock,
      journal,
      runs: this.#runs,
      sensors: this.#sensors,
      claims,
      identity: { bootId: bootId(), newRunId: () => randomBytes(8).toString("hex") },
      wake: () => this.#loop?.wake(),
      onEvent: (event: AuditEvent) => {
        this.#events.push(event);
        if (this.#events.length > RECENT_EVENTS) this.#events.shift();
        this.#notifier.tell(event);
        onEvent?.(event);
      },
    };
    const events = [started(config, VERSION, journal.setAside), ...recovered.events];
    this.#supervisor = new Supervisor(parts, config, { ...recovered, events });
  }

  /** Serves, ticks and watches until the end. */
  async keep(socket: string): Promise<{ exitCode: number }> {
    await this.#sweep();
    this.#server = await serveControl(socket, {
      snapshot: () => this.#view(),
      onRequest: (command) =>
        answerRequest(command, {
          supervisor: this.#supervisor,
          now: () => clock.now(),
          stop: (pause) => this.#stop(pause),
        }).catch((bug) => {
          this.#end.reject(bug);
          throw bug;
        }),
    });
    const endLoop = this.#startLoop();
    const endSignals = onStopSignals((again) => void this.#stop(!again));
    const endWatch = this.#watch();
    try {
      return await this.#end.promise;
    } finally {
      endLoop();
      endWatch();
      await this.#supervisor.idle();
      this.#supervisor.record([stopped(Object.values(this.#supervisor.world.jobs))]);
      await this.#notifier.close();
      this.#claims.close();
      await this.#server.close();
      this.#sensors.close();
      await this.#runs.close();
      endSignals();
    }
  }

  /** Before anything can be launched or asked for, so that every run it doesn't know is a run of the past. */
  async #sweep(): Promise<void> {
    const runs = Object.values(this.#supervisor.world.jobs).map((job) => runOf(job)?.id ?? "");
    const alive = await sweep(this.#config.stateDirectory, new Set(runs));
    const strangers = alive.filter(
      ({ record }) => record === null || !this.#supervisor.takeBack(record.job, record.run),
    );
    const ids = strangers.map(({ id }) => id).join(", ");
    if (strangers.length > 0)
      this.#strangers = `Runs that no job is known of are still alive: ${ids} in ${this.#config.stateDirectory}/runs. End them by hand.`;
  }

  #startLoop(): () => void {
    const beat = (): void => {
      const { world } = this.#supervisor.tick();
      for (const job of Object.values(world.jobs)) this.#pace.note(job);
      this.#server?.publish();
      if (this.#supervisor.settled) this.#end.resolve({ exitCode: 0 });
    };
    const loop = startLoop(beat, () => this.#config.pollSeconds * 1000, this.#end.reject);
    this.#loop = loop;
    this.#runs.onChange(() => loop.wake());
    return () => loop.stop();
  }

  /** Resolves when the supervisor is about to end. */
  async #stop(pauseJobs: boolean): Promise<void> {
    if (pauseJobs) this.#supervisor.stop();
    else this.#end.resolve({ exitCode: 0 });
    await this.#end.promise.catch(() => {});
  }

  #watch(): () => void {
    const wake = (): void => this.#loop?.wake();
    let unwake = wakeAtWindows(this.#config.windows, wake);
    const { file } = this.#config;
    const unwatch =
      file === null
        ? () => {}
        : watchConfig(file, (loaded) => {
            if (loaded.ok) {
              this.#reload(file, loaded.config);
              unwake();
              unwake = wakeAtWindows(this.#config.windows, wake);
              return;
            }
            this.#rejected = `${file} has problems; the previous one is in force. See: supervisor check`;
            this.#supervisor.record([configRejected(file, loaded.problems.map(formatProblem))]);
          });
    return () => {
      unwatch();
      unwake();
    };
  }

  #reload(file: string, next: Config): void {
    const { database, stateDirectory } = this.#config;
    const kept = [
      ...(next.database === database ? [] : ["database"]),
      ...(next.stateDirectory === stateDirectory ? [] : ["stateDirectory"]),
    ];
    this.#rejected = null;
    this.#config = { ...next, database, stateDirectory };
    this.#journal.retain(this.#config.retention);
    this.#supervisor.reconfigure(this.#config, configChanged(file, kept));
  }

  #claimsProblem(): string | null {
    const { problem } = this.#claims;
    return problem === null
      ? null
      : `Supervisors of other users can't be told which jobs are supervised here: ${problem}`;
  }

  #view() {
    const warnings = [
      this.#rejected,
      this.#strangers,
      this.#claimsProblem(),
      this.#journal.trouble,
      ...this.#notifier.problems,
      ...this.#supervisor.problems,
    ];
    return snapshot(this.#supervisor.moment ?? this.#supervisor.tick(), {
      config: this.#config,
      version: VERSION,
      startedAtMs: this.#startedAtMs,
      stopping: this.#supervisor.stopping,
      warnings: warnings.filter((warning) => warning !== null),
      windows: windowStates(this.#config.windows, wallMs()),
      events: this.#events,
      pace: (job) => this.#pace.of(job),
    });
  }
}
