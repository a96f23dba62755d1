/**
 * Does what the tick has decided and recorded: each effect by the file that knows how. Never called
 * before the event that announces the effect is in the journal; decides nothing.
 */
import type { Control } from "../contract/control.ts";
import type { Effect } from "../model/effect.ts";
import type { Job } from "../model/job.ts";
import type { Run } from "../model/run.ts";
import { hasWord } from "../model/state.ts";
import type { DriverCalls } from "../park/driver-calls.ts";
import type { EffectResult, RunEffects } from "../ports/runs.ts";
import { SharedScan } from "../sense/owners/run-processes.ts";
import type { KnownProcess } from "../sense/proc/process.ts";
import type { Servers } from "../servers/ask-servers.ts";
import type { Checkpoints } from "./checkpoints/find-checkpoints.ts";
import { prune } from "./checkpoints/prune.ts";
import type { Verifier } from "./checkpoints/verify.ts";
import { tidy } from "./clean-up/tidy.ts";
import type { FollowedRuns } from "./followed-runs.ts";
import { claimAndLaunch } from "./launch/claim-and-launch.ts";
import { writeEnd } from "./launch/log-line.ts";
import type { Launching } from "./launch/prepare-run.ts";
import { asLiveRun, type Followed, look } from "./observe/follow.ts";
import type { Watches } from "./observe/watch-directories.ts";
import { controlOf, writeControl } from "./signal/control-word.ts";
import { freeze, type List, thaw } from "./signal/freeze.ts";
import { ring } from "./signal/send-signal.ts";
import { kill, terminate } from "./signal/terminate.ts";
import type { SlurmRuns } from "./slurm/slurm-runs.ts";

type Force = Extract<Effect, { do: "freeze" | "thaw" | "terminate" | "kill" }>;

interface Means {
  where: Launching;
  followed: FollowedRuns;
  watches: Watches;
  verifier: Verifier;
  checkpoints: Checkpoints;
  slurm: SlurmRuns;
  servers: Servers;
  driver: DriverCalls;
  /** Has the loop tick soon. */
  wake: () => void;
}

export class ProcessEffects implements RunEffects {
  readonly #means: Means;
  /** A stop or a pause of all may freeze a hundred jobs at once. */
  readonly #scans = new SharedScan();

  constructor(means: Means) {
    this.#means = means;
  }

  perform = async (effect: Effect, job: Job): Promise<EffectResult> => {
    const { where, followed, verifier, slurm, wake } = this.#means;
    if ("run" in effect && effect.run.slurm !== undefined && effect.do !== "tidy")
      return slurm.perform(effect, job);
    if ("run" in effect && effect.run.service && effect.do !== "ask" && effect.do !== "tidy")
      return { ok: false, reason: "a service isn't ours to begin, signal or end" };
    switch (effect.do) {
      case "launch":
        return claimAndLaunch(effect, job, followed.of(effect.run, job.name), { ...where, wake });
      case "control":
        return tell(effect, job, followed.of(effect.run, job.name));
      case "ring":
        return ring(controlOf(job), job, followed.of(effect.run, job.name));
      case "ask":
        this.#means.servers.ask(effect, job);
        return { ok: true };
      case "drive":
        this.#means.driver.ask(effect);
        return { ok: true };
      case "verify":
        verifier.verify(effect.checkpoint, effect.anew);
        return { ok: true };
      case "prune":
        return this.#prune(job, effect.keep);
      case "tidy":
        return this.#tidy(effect.run, job, effect.ended);
      case "withdraw":
        return slurm.withdraw(job);
      default:
        return this.#force(effect, job);
    }
  };

  /** Rings again where the signal of the pause under way found no listener: there is one now. */
  ringUnheard(job: Job, run: Run): void {
    const known = this.#means.followed.of(run, job.name);
    const { state } = job;
    if (state.name === "pausing" && known.unheard === state.request.sequence)
      ring(controlOf(job), job, known);
  }

  /** Writes the word of the pause under way again, where its file was removed. */
  repeatWord(job: Job, run: Run): void {
    const { state } = job;
    if (state.name !== "pausing" || !hasWord(state.request.method)) return;
    tell(controlOf(job), job, this.#means.followed.of(run, job.name));
  }

  async #force(effect: Force, job: Job): Promise<EffectResult> {
    const known = this.#means.followed.of(effect.run, job.name);
    look(known);
    const list: List = () => this.#scans.processesOf(asLiveRun(known));
    const { container } = known;
    if (container && effect.do === "freeze") return container.freeze(freeze);
    // Under cgroup v1 a frozen process can't even be killed.
    const awake = (await container?.thaw()) ?? { ok: true };
    if (!awake.ok) return awake;
    switch (effect.do) {
      case "freeze":
        return freeze(list);
      case "thaw":
        return thaw(list);
      case "terminate":
        return terminate(firstOf(known), list);
      case "kill":
        return kill(list);
    }
  }

  async #prune(job: Job, keep: number): Promise<EffectResult> {
    const { where, checkpoints } = this.#means;
    const pruned = await prune(job, keep, checkpoints.of(job, "working"), where.stateDirectory);
    checkpoints.forget(job.name);
    return pruned;
  }

  async #tidy(run: Run, job: Job, ended: string): Promise<EffectResult> {
    const { followed, watches, slurm } = this.#means;
    slurm.forget(run);
    const known = followed.of(run, job.name);
    look(known);
    watches.unfollow(known);
    if (!known.mainAlive) writeEnd(known.stateDirectory, job.name, run, ended);
    this.#means.servers.forget(run.id);
    this.#means.driver.forget(run.id);
    const tidied = await tidy(known);
    if (tidied.ok) followed.forget(run);
    return tidied;
  }
}

/** Writes the word, then rings. */
function tell(word: Control, job: Job, run: Followed): EffectResult {
  let written: EffectResult = { ok: true };
  try {
    writeControl(run.statusDirectory, word);
  } catch (error) {
    written = { ok: false, reason: `control.json can't be written: ${(error as Error).message}` };
  }
  // On a full disk the signal alone still reaches a program that needs no file.
  const rung = ring(word, job, run);
  return written.ok ? rung : written;
}

/** The job's first process; in a container that one's. Null when it is gone. */
const firstOf = ({ container, main, mainAlive }: Followed): KnownProcess | null =>
  container ? container.first : mainAlive ? main : null;
