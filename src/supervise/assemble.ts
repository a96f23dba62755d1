/**
 * Builds one supervisor from its real parts: claims, runs, sensors and the jobs that the database
 * knows. Starts no loop and opens no socket: supervisor-process.ts does.
 */
import { randomBytes } from "node:crypto";
import { ClaimFiles, removeAbandoned } from "../claims/publish-claims.ts";
import { watchClaims } from "../claims/read-claims.ts";
import { clock } from "../clock.ts";
import type { Config } from "../config/schema/schema.ts";
import { arrivals, type Recovery, recoverJobs } from "../decide/recover-jobs.ts";
import { adopting, dropped, roster, withDropped } from "../decide/roster.ts";
import { claimDirectories } from "../files/state-paths.ts";
import { lastSupervisorOf } from "../files/supervisors.ts";
import type { AuditEvent } from "../model/event.ts";
import { TriedParks } from "../park/tried-parks.ts";
import type { Sensors } from "../ports/sensors.ts";
import type { RecordJournal } from "../record/journal.ts";
import { createRuns, type RunsOnDisk } from "../runs/create-runs.ts";
import { createGpuSource } from "../sense/gpu/source.ts";
import { ProcessOwners } from "../sense/owners/process-owners.ts";
import { bootId } from "../sense/proc/boot-id.ts";
import { createSensors } from "../sense/sensors.ts";
import { SleepWatch } from "../sleep/sleep-watch.ts";
import { Supervisor } from "../tick/supervisor.ts";
import { VERSION } from "../version.ts";
import { started } from "./announce.ts";

export interface Assembled {
  supervisor: Supervisor;
  runs: RunsOnDisk;
  sensors: Sensors;
  claims: ClaimFiles;
  sleep: SleepWatch;
}

interface Hooks {
  /** Called to have a tick run soon. */
  wake: () => void;
  onEvent: (event: AuditEvent) => void;
  /** Jobs go on from whatever checkpoints are there. */
  adopt: boolean;
}

/** `config` returns the config in force. Records the start and performs what recovery calls for. */
export function assemble(
  config: () => Config,
  journal: RecordJournal,
  { wake, onEvent, adopt }: Hooks,
): Assembled {
  const first = config();
  const { stateDirectory, directory, project } = first;
  const claims = new ClaimFiles(stateDirectory, ({ job, run }) =>
    run ? runs.live(run, job) : { launcherPid: null, pid: null },
  );
  const runs: RunsOnDisk = createRuns({
    stateDirectory,
    directory,
    project,
    claims,
    logs: () => config().logs,
  });
  const now = clock.now();
  const loaded = journal.loadJobs();
  const listed = roster(first, loaded, now);
  const gone = dropped(loaded, listed, first);
  const known = withDropped(listed, gone.jobs);
  const recovered = recoverJobs(adopt ? adopting(known) : known, bootId(), now);
  const sensors = sensorsFor(config, claims, recovered);
  const sleep = new SleepWatch(() => config().saveBeforeSleep, wake);
  const identity = { bootId: bootId(), newRunId: () => randomBytes(8).toString("hex") };
  const isMissing = journal.isNew && lastSupervisorOf(stateDirectory) !== null;
  const earlier = { setAside: journal.setAside, isMissing };
  const events = [started(first, VERSION, earlier), ...gone.events, ...recovered.events];
  const parts = { clock, journal, runs, sensors, claims, sleep, identity, wake, onEvent };
  // Those that stay are saved with their recovery.
  const away = gone.jobs.filter(({ name }) => !(name in known));
  const recovery = { ...recovered, events, dropped: away };
  return { supervisor: new Supervisor(parts, first, recovery), runs, sensors, claims, sleep };
}

/** CPU and GPU readings share one answer to whose a process is. */
function sensorsFor(config: () => Config, { claimant }: ClaimFiles, { jobs }: Recovery): Sensors {
  const claims = watchClaims(claimant, claimDirectories(), { onAbandoned: removeAbandoned });
  const owners = new ProcessOwners(process.pid);
  const tried = new TriedParks();
  const gpu = createGpuSource({
    owners,
    settings: () => ({ ...config().others, pollSeconds: config().pollSeconds }),
    arrivals: arrivals(jobs, bootId()),
    claims,
    parks: (uuid, driver, nowMs) => tried.works(uuid, driver, nowMs),
  });
  const diskPath = config().stateDirectory;
  const partitions = () => slurmPartitions(config());
  const programs = () => config().rules.flatMap((rule) => rule.programs ?? []);
  const ours = { supervisorPid: process.pid, owners, gpu, claimant, claims };
  return createSensors({ diskPath, ...ours, partitions, programs });
}

/** Of jobs added by `supervisor run`, none is on Slurm. */
const slurmPartitions = ({ jobs }: Config): (string | null)[] => [
  ...new Set(
    jobs.flatMap(({ executor }) => (executor?.kind === "slurm" ? [executor.partition ?? null] : [])),
  ),
];
