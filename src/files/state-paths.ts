/** Paths of everything in the state directory. Computes names only; creates nothing. */
import { createHash } from "node:crypto";
import { tmpdir, userInfo } from "node:os";
import { isAbsolute, join } from "node:path";
import { homeFolder, mustHaveHome } from "./home.ts";

/** Linux allows 107 bytes, macOS 103. */
const LONGEST_SOCKET_PATH = 100;

/** Of all supervisors of this user: `~/.local/state/gpu-job-supervisor`, or what XDG_STATE_HOME sets. Throws Refusal without a home. */
export function commonStateDirectory(env: NodeJS.ProcessEnv = process.env): string {
  // The XDG specification declares relative values invalid, to be ignored.
  const home = env.XDG_STATE_HOME && isAbsolute(env.XDG_STATE_HOME) ? env.XDG_STATE_HOME : null;
  return join(home ?? join(mustHaveHome(env), ".local", "state"), "gpu-job-supervisor");
}

/** Whose the common state directory is, where earlier versions used it for every config. */
export const projectRecord = (common: string): string => join(common, "project.json");

/** On which GPUs parking was seen to work. */
export const triedParks = (env: NodeJS.ProcessEnv = process.env): string =>
  join(commonStateDirectory(env), "tried-parks.json");

/** Names a state directory among all of this machine's. */
export const stateName = (stateDirectory: string): string =>
  createHash("sha256").update(stateDirectory).digest("hex").slice(0, 12);

/**
 * The control socket: `supervisor.sock` in the state directory, or a short name in the runtime directory
 * where that path would be too long for the system.
 */
export function socketPath(stateDirectory: string, env: NodeJS.ProcessEnv = process.env): string {
  const usual = join(stateDirectory, "supervisor.sock");
  if (Buffer.byteLength(usual) <= LONGEST_SOCKET_PATH) return usual;
  const name = createHash("sha256").update(stateDirectory).digest("hex").slice(0, 16);
  const runtime =
    env.XDG_RUNTIME_DIR ?? join(tmpdir(), `gpu-job-supervisor-${process.getuid?.() ?? userInfo().uid}`);
  return join(runtime, `${name}.sock`);
}

/**
 * Where a supervisor keeps the locks of its state directory: outside of everything that belongs to a project,
 * at the same places whatever the environment of a session. `GPU_JOB_SUPERVISOR_LOCKS` names another one instead.
 */
export function lockFolders(env: NodeJS.ProcessEnv = process.env): string[] {
  const given = env.GPU_JOB_SUPERVISOR_LOCKS;
  if (given) return [given];
  const home = homeFolder(env);
  return [
    ...(home === null ? [] : [join(home, ".local", "state", "gpu-job-supervisor-locks")]),
    join("/tmp", `gpu-job-supervisor-${process.getuid?.() ?? userInfo().uid}`),
  ];
}

/**
 * Where this machine's supervisors tell each other which GPUs they hold: they write to the first folder
 * that they can, and read all. `GPU_JOB_SUPERVISOR_CLAIMS` names another one instead.
 */
export function claimDirectories(env: NodeJS.ProcessEnv = process.env): string[] {
  const given = env.GPU_JOB_SUPERVISOR_CLAIMS;
  if (given) return [given];
  // Not os.tmpdir(): users may have different ones.
  return ["/run/lock/gpu-job-supervisor", "/tmp/gpu-job-supervisor-claims"];
}

const jobDirectory = (state: string, job: string): string => join(state, "jobs", job);
export const checkpointDirectory = (state: string, job: string): string =>
  join(jobDirectory(state, job), "checkpoints");
/** What the shell had that a job was submitted from: `NAME=value`, each ended by a zero byte. */
export const environmentRecord = (state: string, job: string): string => join(state, "environments", job);
/** What a job has in a Slurm cluster's queue. */
export const slurmDirectory = (state: string, job: string): string => join(jobDirectory(state, job), "slurm");
export const logPath = (state: string, job: string): string => join(state, "logs", `${job}.log`);
export const supervisorLogPath = (state: string): string => join(state, "logs", "supervisor.jsonl");

/** One directory per run: the launcher's records, and `status/`, which is the job's. */
export const runDirectory = (state: string, runId: string): string => join(state, "runs", runId);
export const statusDirectory = (state: string, runId: string): string =>
  join(runDirectory(state, runId), "status");
/** `<pid> <start time> <boot id>`, written by the launcher before the job's program begins. */
export const pidRecord = (state: string, runId: string): string => join(runDirectory(state, runId), "pid");
/** `<exit status as the shell gives it>.`, written over blanks when the job has ended. */
export const exitRecord = (state: string, runId: string): string => join(runDirectory(state, runId), "exit");
/**
 * Same form as the pid record, for the launcher itself. Whoever creates it first owns the run: the
 * launcher before it starts the job, or a supervisor that finds a run whose launcher never began.
 */
export const launcherRecord = (state: string, runId: string): string =>
  join(runDirectory(state, runId), "launcher");
/** The launcher record's name in runs that an earlier release launched and that are still alive. */
export const formerLauncherRecord = (state: string, runId: string): string =>
  join(runDirectory(state, runId), "claim");
/** Whose run it is, and the run as it was launched. */
export const runRecord = (state: string, runId: string): string =>
  join(runDirectory(state, runId), "run.json");
/** The id of the run's container, as its engine's client writes it, which refuses a file that is there. */
export const containerIdRecord = (state: string, runId: string): string =>
  join(runDirectory(state, runId), "container-id");
/** The words that the engine's client is called with, as JSON; written before a container may exist. */
export const containerClientRecord = (state: string, runId: string): string =>
  join(runDirectory(state, runId), "container-client");
/** There once somebody else has removed the run's container. */
export const containerRemovedRecord = (state: string, runId: string): string =>
  join(runDirectory(state, runId), "container-removed");
/** Size of the job's log when the run began, in bytes. */
export const logStartRecord = (state: string, runId: string): string =>
  join(runDirectory(state, runId), "log-start");
/** Path of the run's own cgroup; no such file when it has none. */
export const cgroupRecord = (state: string, runId: string): string =>
  join(runDirectory(state, runId), "cgroup");
/** What the CUDA driver was asked about the run; there as long as its VRAM may be away. */
export const parkRecord = (state: string, runId: string): string => join(runDirectory(state, runId), "park");
