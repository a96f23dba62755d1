/** Marks of a run's process: it is the launcher or the first process, is in the run's cgroup, or has the run's id in its environment. */
import { ENV } from "../../contract/names.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import { readOnce } from "../proc/kept-file.ts";
import { parsePids } from "../proc/parse.ts";
import { readRunId } from "../proc/process.ts";

/** All other processes of a run descend from these, unless they leave the tree. */
export const rootsOf = ({ launcherPid, pid }: Pick<LiveRun, "launcherPid" | "pid">): number[] =>
  [launcherPid, pid].filter((root) => root !== null);

/** Empty for a run without a cgroup, and for one whose cgroup is gone. */
export const groupedIn = ({ cpuCgroup }: Pick<LiveRun, "cpuCgroup">): number[] =>
  cpuCgroup === null ? [] : parsePids(readOnce(`${cpuCgroup}/cgroup.procs`, true) ?? "");

/**
 * The run id in a process's environment: null when there is none, undefined when that is unknown. May block
 * on a process that is stuck in the kernel.
 */
export const namedRun = (pid: number): string | null | undefined => readRunId(pid, ENV.runId);
