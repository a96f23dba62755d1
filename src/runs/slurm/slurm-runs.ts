/**
 * The runs on a cluster behind the same interface as those of this machine: what is seen of them, and what is done to
 * them by Slurm's commands. Decides nothing; signals reach a job's steps alone, never its batch script.
 */
import { elapsedMs } from "../../clock.ts";
import type { Effect } from "../../model/effect.ts";
import { type Job, savesBy } from "../../model/job.ts";
import type { Run } from "../../model/run.ts";
import type { Seen } from "../../model/seen.ts";
import type { EffectResult } from "../../ports/runs.ts";
import type { Checkpoints } from "../checkpoints/find-checkpoints.ts";
import type { Launching } from "../launch/prepare-run.ts";
import { readRanks } from "../observe/read-ranks.ts";
import { writeControl } from "../signal/control-word.ts";
import { areJoining } from "../signal/listeners.ts";
import { type Answer, ask, signal } from "./commands.ts";
import { FollowedOnSlurm } from "./followed-slurm.ts";
import { launchOnSlurm, release, withdraw } from "./launch-slurm.ts";
import { observeOnSlurm } from "./observe-slurm.ts";
import { type QueueView, SlurmQueue } from "./queue.ts";
import { isReleased, readSubmission, slurmSignalOf, writeRunsJob, writeSubmission } from "./submission.ts";

type OfRun = Extract<Effect, { run: Run }>;

/** Intervals between two looks at the queue: while something is waited for, and else. */
const AWAITED_MS = 700;
const USUAL_MS = 5000;
/** Between two tries of a command that hasn't had its effect. */
const AGAIN_MS = 5000;

export class SlurmRuns {
  readonly #where: Launching;
  readonly #checkpoints: Checkpoints;
  readonly #queue: SlurmQueue;
  readonly #byRun = new Map<string, FollowedOnSlurm>();

  constructor(where: Launching, checkpoints: Checkpoints, wake: () => void) {
    this.#where = where;
    this.#checkpoints = checkpoints;
    this.#queue = new SlurmQueue(wake);
  }

  /** A whole sentence; null while the controller answers. */
  get problem(): string | null {
    const { silence } = this.#queue;
    return silence === null
      ? null
      : `Slurm's controller doesn't answer (${silence.reason}): until it does, what becomes of the jobs there isn't known.`;
  }

  observe(job: Job, run: Run): Seen {
    const known = this.#of(run);
    const { view, silence } = this.#queue;
    const seen = observeOnSlurm(job, run, known, { view, silence }, this.#checkpoints);
    this.#queue.keepFresh(isSettled(job, known, view) ? USUAL_MS : AWAITED_MS);
    if (seen.alive) this.#pushOn(job, run, known, seen);
    return seen;
  }

  /** Never rejects. */
  async perform(effect: OfRun, job: Job): Promise<EffectResult> {
    const known = this.#of(effect.run);
    switch (effect.do) {
      case "launch": {
        const launched = await launchOnSlurm(effect, job, { ...this.#where, queue: this.#queue });
        known.changed();
        return launched;
      }
      case "control":
        return this.#tell(effect, job, known);
      case "ring":
        return this.#ring(job, known);
      case "terminate":
      case "kill":
        return this.#end(known, effect.do);
      default:
        // A frozen run would keep its nodes, and none is ever asked to be.
        return { ok: true };
    }
  }

  /** Takes a job that won't go on out of the queue. */
  async withdraw(job: Job): Promise<EffectResult> {
    const submission = readSubmission(this.#where.stateDirectory, job.name);
    if (submission === null) return { ok: true };
    const view = await this.#queue.fresh();
    if (view === null)
      return { ok: false, reason: this.#queue.silence?.reason ?? "Slurm's controller doesn't answer" };
    return (await withdraw(view.byToken.get(submission.token))) ?? { ok: true };
  }

  forget(run: Run): void {
    this.#byRun.delete(run.id);
  }

  #of(run: Run): FollowedOnSlurm {
    const known = this.#byRun.get(run.id) ?? new FollowedOnSlurm(this.#where.stateDirectory, run.id);
    this.#byRun.set(run.id, known);
    return known;
  }

  /** Writes the word, then has whoever listens read it. */
  async #tell(
    { want, sequence }: Extract<Effect, { do: "control" }>,
    job: Job,
    known: FollowedOnSlurm,
  ): Promise<EffectResult> {
    let written: EffectResult = { ok: true };
    try {
      writeControl(known.statusDirectory, { want, sequence });
    } catch (error) {
      written = { ok: false, reason: `control.json can't be written: ${(error as Error).message}` };
    }
    // On a full disk the signal alone still reaches it: a ring without a word is a pause.
    const rung: EffectResult = want === "pause" ? await this.#ring(job, known) : { ok: true };
    return written.ok ? rung : written;
  }

  async #ring(job: Job, known: FollowedOnSlurm): Promise<EffectResult> {
    if (known.id === null || !known.begun || known.exit !== null || !this.#hears(job, known))
      return { ok: true };
    return done(await signal(known.id, slurmSignalOf(job.spec)));
  }

  /** A signal that a rank doesn't catch would end it. */
  #hears(job: Job, known: FollowedOnSlurm): boolean {
    const ranks = readRanks(known.statusDirectory, { runId: known.runId, memory: known.ranks });
    // One that has heard is on its way out, and may no longer catch the signal.
    const asked = job.state.name === "pausing" ? job.state.request.sequence : Number.POSITIVE_INFINITY;
    if (ranks.some(({ sequence }) => sequence >= asked)) return false;
    // Those that still wait for each other read the word later.
    if (ranks.length > 0) return !areJoining(ranks) && !ranks.some(({ state }) => state === "ready");
    if (savesBy(job) !== "signal" || job.state.name !== "pausing") return false;
    const { sequence } = job.state.request;
    if (known.rungFor === sequence) return false;
    known.rungFor = sequence;
    return true;
  }

  async #end(known: FollowedOnSlurm, how: "terminate" | "kill"): Promise<EffectResult> {
    if (known.id === null) return { ok: true };
    if (how === "kill" && known.begun) await signal(known.id, "KILL");
    return done(await ask("scancel", [`${known.id}`]));
  }

  /** What a supervisor or a controller that was away has left undone, tried until it shows. Returns at once. */
  #pushOn(job: Job, run: Run, known: FollowedOnSlurm, { slurm }: Seen): void {
    this.#noteId(job, run, known, slurm?.id ?? null);
    const { id, begun } = known;
    const now = elapsedMs();
    if (slurm?.orphaned) this.#recall(run, known);
    if (id === null || slurm?.silentSinceMs !== undefined || now - known.pushedMs < AGAIN_MS) return;
    const push = (act: Promise<unknown>): void => {
      known.pushedMs = now;
      void act;
    };
    if (job.cancelling !== undefined) push(ask("scancel", [`${id}`]));
    else if (begun) return;
    else if (job.state.name === "pausing" && slurm?.state === "queued")
      push(ask("scontrol", ["hold", `${id}`]));
    else if (
      job.state.name === "starting" &&
      slurm?.state === "held" &&
      !isReleased(known.stateDirectory, run.id)
    )
      push(release(id, run.id, known.stateDirectory));
  }

  /** No signal reaches ranks that Slurm has lost: they find the word by themselves, now or at the next step. */
  #recall(run: Run, known: FollowedOnSlurm): void {
    if (known.recalled) return;
    try {
      writeControl(known.statusDirectory, { want: "pause", sequence: (run.sequence ?? 0) + 1 });
      known.recalled = true;
    } catch {
      // The next tick tries again.
    }
  }

  /** Of a run that an earlier supervisor submitted and didn't live to note. */
  #noteId(job: Job, run: Run, known: FollowedOnSlurm, id: number | null): void {
    if (id === null || known.id !== null) return;
    try {
      const { stateDirectory } = known;
      const submission = readSubmission(stateDirectory, job.name);
      if (submission?.token === run.id) writeSubmission(stateDirectory, job.name, { ...submission, id });
      writeRunsJob(stateDirectory, run.id, id);
    } catch {
      // The next tick tries again.
    }
  }
}

/** It works, and nothing is expected of it but steps. */
const isSettled = ({ state, cancelling }: Job, known: FollowedOnSlurm, view: QueueView | null): boolean =>
  state.name === "running" &&
  known.exit === null &&
  cancelling === undefined &&
  view !== null &&
  known.isShownBy(view.beganMs);

const done = (answer: Answer): EffectResult =>
  answer.ok ? { ok: true } : { ok: false, reason: answer.reason };
