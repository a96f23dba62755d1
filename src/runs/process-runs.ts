/**
 * The processes of this supervisor's jobs, put together from the files beside this one: the real
 * `Runs` of ports.ts. Holds what is known of each run between ticks; decides nothing.
 */

import { elapsedMs } from "../clock.ts";
import { logPath } from "../files/state-paths.ts";
import type { Effect } from "../model/effect.ts";
import type { Job } from "../model/job.ts";
import type { Run } from "../model/run.ts";
import type { Seen } from "../model/seen.ts";
import type { LiveRun } from "../ports/live-run.ts";
import type { EffectFailed, Runs } from "../ports/runs.ts";
import { processesOf } from "../sense/owners/run-processes.ts";
import { CheckpointDisks } from "./checkpoints/disk-room.ts";
import { Checkpoints } from "./checkpoints/find-checkpoints.ts";
import { prune } from "./checkpoints/prune.ts";
import type { CheckpointList } from "./checkpoints/quick-check.ts";
import { Verifier } from "./checkpoints/verify.ts";
import { rotateWhileRunning } from "./clean-up/rotate-log.ts";
import { tidy } from "./clean-up/tidy.ts";
import { type Launching, launch } from "./launch/launch.ts";
import { asLiveRun, type Followed, look, newlyFollowed } from "./observe/follow.ts";
import { observe } from "./observe/observe.ts";
import { readRanks } from "./observe/read-ranks.ts";
import { Watches } from "./observe/watch-directories.ts";
import { freeze, type List, thaw } from "./signal/freeze.ts";
import { findListeners, ring } from "./signal/ring.ts";
import type { Done, Target } from "./signal/send-signal.ts";
import { kill, terminate } from "./signal/terminate.ts";
import { writeControl } from "./signal/write-control.ts";

type Launch = Extract<Effect, { do: "launch" }>;
type Control = Extract<Effect, { do: "control" }>;
type Force = Extract<Effect, { do: "freeze" | "thaw" | "terminate" | "kill" }>;

/**
 * `stateDirectory` must have been made by prepareStateDirectory(); `directory` is the folder of
 * jobs without a `cwd`. Launches, signals and removes only what belongs to that state directory.
 */
export const createRuns = (where: Launching): Runs => new ProcessRuns(where);

/** Between two looks at the size of a running job's log. */
const LOG_EVERY_MS = 30_000;

class ProcessRuns implements Runs {
  readonly #where: Launching;
  readonly #followed = new Map<string, Followed>();
  readonly #verifier = new Verifier(() => this.#wake());
  readonly #watches = new Watches(() => this.#wake());
  readonly #checkpoints: Checkpoints;
  readonly #disks = new CheckpointDisks();
  readonly #logLookedAt = new Map<string, number>();
  #wake = (): void => {};

  constructor(where: Launching) {
    this.#where = where;
    this.#checkpoints = new Checkpoints(where.stateDirectory, where.directory, this.#verifier);
  }

  observe(job: Job, run: Run): Seen {
    const known = this.#follow(run, job.name);
    const { stateDirectory } = this.#where;
    const seen = observe(job, run, known, { stateDirectory, checkpoints: this.#checkpoints });
    this.#keepWatches(job, known, seen.exit === null);
    if (seen.alive) this.#keepLogSmall(job.name);
    // A ring that nobody could hear counts as soon as somebody can.
    const { state } = job;
    if (seen.signalCaught && state.name === "pausing" && known.unheard === state.request.sequence)
      this.#ring(job, known, known.unheard, true);
    return seen;
  }

  #keepLogSmall(job: string): void {
    const now = elapsedMs();
    if (!this.#where.logs || now - (this.#logLookedAt.get(job) ?? now - LOG_EVERY_MS) < LOG_EVERY_MS) return;
    this.#logLookedAt.set(job, now);
    void rotateWhileRunning(logPath(this.#where.stateDirectory, job), this.#where.logs());
  }

  live(run: Run, job: string): LiveRun {
    return { ...asLiveRun(this.#follow(run, job)), gpus: run.gpus };
  }

  checkpoints(job: Job): CheckpointList {
    return this.#checkpoints.of(job, "gone");
  }

  freeMiB(job: Job): number | null {
    return this.#disks.freeMiB(job);
  }

  onChange(wake: () => void): void {
    this.#wake = wake;
  }

  async close(): Promise<void> {
    this.#wake = () => {};
    this.#watches.close();
    await this.#verifier.close();
  }

  async perform(effect: Effect, job: Job): Promise<Done | EffectFailed> {
    switch (effect.do) {
      case "launch":
        return this.#launch(effect, job);
      case "control":
        return this.#control(effect, job);
      case "ring":
        return this.#ring(job, this.#follow(effect.run, job.name), sequenceOf(job), isPausing(job));
      case "verify":
        this.#verifier.verify(effect.checkpoint);
        return { ok: true };
      case "prune":
        return this.#prune(job, effect.keep);
      case "tidy":
        return this.#tidy(effect.run, job);
      default:
        return this.#force(effect, job);
    }
  }

  #follow(run: Run, job: string): Followed {
    const known = this.#followed.get(run.id) ?? newlyFollowed(run.id, job, this.#where.stateDirectory);
    this.#followed.set(run.id, known);
    return known;
  }

  async #launch({ run, resumeFrom }: Launch, job: Job): Promise<Done | EffectFailed> {
    const known = this.#follow(run, job.name);
    const { gpus, startedAt } = run;
    const claim = { job: job.name, gpus, holds: true, sinceMs: startedAt.wallMs, readyMs: null, run };
    const taken = run.gpus.length > 0 ? this.#where.claims?.take(claim) : undefined;
    if (taken?.ok === false) {
      known.launcher = "ended";
      const reason = `its GPU was taken at the same moment by ${taken.by.user}'s '${taken.by.job}'`;
      return { ok: false, reason, taken: true };
    }
    known.launcher = "launching";
    const launched = await launch(job, run, resumeFrom, this.#where);
    if (!launched.ok) {
      known.launcher = "ended";
      return launched;
    }
    known.launcher = "ours";
    known.launcherPid = launched.launcherPid;
    this.#where.claims?.renew(claim);
    launched.ended.then(() => {
      known.launcher = "ended";
      known.launcherPid = null;
      this.#wake();
    });
    return { ok: true };
  }

  #control({ run, sequence, want }: Control, job: Job): Done {
    let written: Done = { ok: true };
    try {
      writeControl(this.#where.stateDirectory, run.id, { sequence, want });
    } catch (error) {
      written = { ok: false, reason: `control.json can't be written: ${(error as Error).message}` };
    }
    // On a full disk the bell alone still reaches a program that needs no file.
    const rung = this.#ring(job, this.#follow(run, job.name), sequence, want === "pause");
    return written.ok ? rung : written;
  }

  #ring(job: Job, known: Followed, sequence: number, pausing: boolean): Done {
    look(known, this.#where.stateDirectory);
    const ranks = readRanks(known.statusDirectory, { runId: known.id, memory: known.ranks });
    const found = findListeners(job.spec, asLiveRun(known), ranks);
    if ("reason" in found) {
      if (pausing) known.unheard = sequence;
      return { ok: false, reason: found.reason };
    }
    known.unheard = null;
    if (found.library) return ring(found.targets, job.spec.pause.signal);
    // To a program without a library the signal itself is the word, and a second one may mean "now!".
    if (!pausing) return { ok: false, reason: "without a job library it would take any signal for a pause" };
    const mark = ({ pid, startTime }: Target): string => `${sequence} ${pid} ${startTime}`;
    const fresh = found.targets.filter((target) => !known.rung.has(mark(target)));
    for (const target of fresh) known.rung.add(mark(target));
    return fresh.length === 0 ? { ok: true } : ring(fresh, job.spec.pause.signal);
  }

  async #force(effect: Force, job: Job): Promise<Done> {
    const known = this.#follow(effect.run, job.name);
    look(known, this.#where.stateDirectory);
    const list: List = () => processesOf(asLiveRun(known), { scan: true });
    switch (effect.do) {
      case "freeze":
        return freeze(list);
      case "thaw":
        return thaw(list);
      case "terminate":
        return terminate(known.mainAlive ? known.main : null, list);
      case "kill":
        return kill(list);
    }
  }

  async #prune(job: Job, keep: number): Promise<Done> {
    const list = this.#checkpoints.of(job, "working");
    const done = await prune(job, keep, list, this.#where.stateDirectory);
    this.#checkpoints.forget(job.name);
    return done;
  }

  async #tidy(run: Run, job: Job): Promise<Done> {
    const known = this.#follow(run, job.name);
    look(known, this.#where.stateDirectory);
    this.#keepWatches(job, known, false);
    const done = await tidy(known, this.#where.stateDirectory);
    if (done.ok) this.#followed.delete(run.id);
    return done;
  }

  /** Status files change every second; only while an answer is awaited is each change worth a tick. */
  #keepWatches(job: Job, known: Followed, ongoing: boolean): void {
    const awaited = job.state.name === "starting" || job.state.name === "pausing";
    const wanted: [directory: string, watched: boolean][] = [
      [known.statusDirectory, ongoing && awaited],
      // The end of a launcher that isn't our child shows by its exit record only.
      [known.directory, ongoing && known.launcher === "found"],
    ];
    for (const [directory, watched] of wanted) {
      if (watched) this.#watches.add(directory);
      else this.#watches.remove(directory);
    }
  }
}

const isPausing = ({ state }: Job): boolean => state.name === "pausing";
const sequenceOf = ({ state }: Job): number => (state.name === "pausing" ? state.request.sequence : 0);
