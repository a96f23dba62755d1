/** A run as those who look at processes need it. */

/** What sensing needs to know of a live run, to tell its use from others'. */
export interface LiveRun {
  id: string;
  job: string;
  /** The parent that records the exit, and the job's first process; null until known. */
  launcherPid: number | null;
  pid: number | null;
  /** Directory of the run's own cgroup for CPU accounting, or null where none could be made. */
  cpuCgroup: string | null;
  /** The engine's id of the container that it runs in, once there is one. */
  container?: string;
  /** UUIDs of the GPUs that it was placed on; empty or left out: it may be on any. */
  gpus?: string[];
  /** It can't be on any GPU of this machine: it was told of none, or runs elsewhere. */
  noGpu?: true;
}
