/**
 * Puts the real `Runs` of ports/runs.ts together: one half observes, the other performs effects, and
 * both share the memory of followed runs. Decides nothing.
 */

import { USER } from "../config/project.ts";
import { checkpointDirectory } from "../files/state-paths.ts";
import type { Job } from "../model/job.ts";
import type { Run } from "../model/run.ts";
import type { Seen } from "../model/seen.ts";
import { DriverCalls } from "../park/driver-calls.ts";
import type { Runs } from "../ports/runs.ts";
import { Servers } from "../servers/ask-servers.ts";
import { Services } from "../servers/services.ts";
import { CheckpointDisks } from "./checkpoints/disk-room.ts";
import { Checkpoints } from "./checkpoints/find-checkpoints.ts";
import { anotherOwner } from "./checkpoints/owner.ts";
import { Verifier } from "./checkpoints/verify.ts";
import { RunningLogs } from "./clean-up/rotate-log.ts";
import { FollowedRuns } from "./followed-runs.ts";
import type { Launching } from "./launch/prepare-run.ts";
import { isSwept, rewriteRecords } from "./launch/rewrite-records.ts";
import { asBegun, asLiveRun } from "./observe/follow.ts";
import { observe } from "./observe/observe.ts";
import { begunUnseen } from "./observe/runs-by-environment.ts";
import { Watches } from "./observe/watch-directories.ts";
import { ProcessEffects } from "./perform-effects.ts";
import { SlurmRuns } from "./slurm/slurm-runs.ts";

/** The runs with their files, which the tick doesn't look after. */
export interface RunsOnDisk extends Runs {
  /** Makes the files of a live run again where somebody has removed them; true when it did. Throws what the disk throws. */
  restore(job: Job, run: Run): boolean;
  /** What keeps runs from being seen, in whole sentences. */
  readonly problems: string[];
}

/**
 * Requires prepareStateDirectory(`stateDirectory`); `directory` is the folder of jobs without a `cwd`.
 * Launches, signals and removes only what belongs to that state directory.
 */
export function createRuns(where: Launching): RunsOnDisk {
  let wakeLoop = (): void => {};
  const wake = (): void => wakeLoop();
  const followed = new FollowedRuns(where.stateDirectory);
  const watches = new Watches(wake);
  const verifier = new Verifier(wake);
  const checkpoints = new Checkpoints(where.stateDirectory, where.directory, verifier);
  const disks = new CheckpointDisks();
  const logs = new RunningLogs(where.stateDirectory, where.logs ?? null);
  const slurm = new SlurmRuns(where, checkpoints, wake);
  const servers = new Servers(wake);
  const services = new Services(wake);
  const driver = new DriverCalls(where.stateDirectory, wake);
  const effects = new ProcessEffects({
    where,
    followed,
    watches,
    verifier,
    checkpoints,
    slurm,
    servers,
    driver,
    wake,
  });
  const talkedWith = (run: Run): Pick<Seen, "server"> => {
    const server = servers.of(run.id);
    return server === undefined ? {} : { server };
  };
  return {
    observe: (job, run) => {
      if (run.slurm !== undefined) return slurm.observe(job, run);
      if (run.service) return { ...services.observe(job, run), ...talkedWith(run) };
      const known = followed.of(run, job.name);
      const park = driver.of(run.id);
      const seen = {
        ...observe(job, run, known, checkpoints),
        ...talkedWith(run),
        ...(park && { park }),
      };
      watches.follow(known, job, seen.exit === null);
      if (seen.alive) logs.keepSmall(job.name);
      if (seen.signalCaught) effects.ringUnheard(job, run);
      return seen;
    },
    live: (run, job) =>
      run.slurm !== undefined || run.service
        ? { id: run.id, job, launcherPid: null, pid: run.pid, cpuCgroup: null, gpus: run.gpus }
        : { ...asLiveRun(followed.of(run, job)), gpus: run.gpus },
    service: (job) => services.of(job),
    checkpoints: (job, look) => {
      if (look === "anew") checkpoints.forget(job.name);
      return checkpoints.of(job, "gone");
    },
    foreignCheckpoints: (job) => {
      const directory = checkpointDirectory(where.stateDirectory, job.name);
      const owner = { project: where.project ?? USER, job: job.name, command: job.spec.command };
      return anotherOwner(directory, owner, job.runs > 0 || job.checkpoint !== null);
    },
    freeMiB: (job) => disks.freeMiB(job),
    onChange: (call) => {
      wakeLoop = call;
    },
    perform: effects.perform,
    restore: (job, run) => {
      if (run.slurm !== undefined || run.service || !isSwept(where.stateDirectory, run.id)) return false;
      const known = followed.of(run, job.name);
      const begun = asBegun(known) ?? begunUnseen(known);
      if (begun === null) return false;
      // Where the disk refuses, the next look tries again.
      known.main ??= begun.main;
      rewriteRecords(where.stateDirectory, { job: job.name, run }, begun);
      watches.unfollow(known);
      effects.repeatWord(job, run);
      return true;
    },
    get problems() {
      return [...(slurm.problem === null ? [] : [slurm.problem]), ...verifier.problems];
    },
    close: async () => {
      wakeLoop = () => {};
      watches.close();
      servers.close();
      services.close();
      driver.close();
      await verifier.close();
    },
  };
}
