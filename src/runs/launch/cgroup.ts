/**
 * A cgroup for each run, so that its CPU use and its processes are known exactly, whatever it forks.
 * For accounting only: correctness must never depend on it. Where none can be made, a reason says why.
 */
import { createHash } from "node:crypto";
import { readFileSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../../files/make-folder.ts";
import { CGROUPS_NAME, runsOfOneSupervisor } from "../../sense/proc/cgroups.ts";

/** Set to 1 it turns cgroups off, for instance to keep all jobs under another tool's limits. */
export const NO_CGROUP = "GPU_JOB_SUPERVISOR_NO_CGROUP";

/** Where a cgroup is, or the reason why there is none. */
export type Place = { directory: string } | { reason: string };

/**
 * Makes the cgroup of one run. Its parent holds only runs of the same supervisor, so that the parent
 * accounts for all of them. It is below `cpuacct` in cgroup v1, and below the supervisor's own cgroup in
 * v2, where `cpu.stat` needs no controller. Never throws.
 */
export function makeCgroup(
  stateDirectory: string,
  runId: string,
  env: NodeJS.ProcessEnv = process.env,
): Place {
  const place = placeFor(stateDirectory, runId, env);
  if ("reason" in place) return place;
  try {
    makeFolder(place.directory, 0o755);
    statSync(join(place.directory, "cgroup.procs"));
    return place;
  } catch (error) {
    return { reason: `${place.directory} can't be made: ${(error as Error).message}` };
  }
}

/** Where the run's cgroup would be; makes nothing. */
export function placeFor(stateDirectory: string, runId: string, env: NodeJS.ProcessEnv = process.env): Place {
  const parent = cgroupOfSupervisor(stateDirectory, env);
  return "reason" in parent ? parent : { directory: join(parent.directory, runId) };
}

/** Where the cgroups of one supervisor's runs would be; makes nothing. */
export function cgroupOfSupervisor(stateDirectory: string, env: NodeJS.ProcessEnv = process.env): Place {
  const parent = findParent(env);
  if ("reason" in parent) return parent;
  const supervisor = createHash("sha256").update(stateDirectory).digest("hex").slice(0, 16);
  return { directory: join(parent.directory, supervisor) };
}

/** Where the cgroups of all supervisors would be; reads only. */
export function findParent(
  env: NodeJS.ProcessEnv = process.env,
  read: (path: string) => string = (path) => readFileSync(path, "utf8"),
): Place {
  if (env[NO_CGROUP] === "1") return { reason: `${NO_CGROUP}=1` };
  if (process.platform !== "linux") return { reason: "this system has no cgroups" };
  try {
    const mounts = read("/proc/self/mounts")
      .split("\n")
      .map((line) => line.split(" "));
    const accounting = mounts.find(([, , type, options]) => {
      return type === "cgroup" && (options ?? "").split(",").includes("cpuacct");
    });
    if (accounting?.[1]) return { directory: join(accounting[1], CGROUPS_NAME) };
    const unified = mounts.find(([, , type]) => type === "cgroup2")?.[1];
    const own = /^0::(\/.*)$/m.exec(read("/proc/self/cgroup"))?.[1];
    if (!unified || own === undefined) return { reason: "no cgroup hierarchy is mounted" };
    if (own.startsWith("/..")) return { reason: "our own cgroup lies outside this namespace" };
    return { directory: join(unified, own, CGROUPS_NAME) };
  } catch (error) {
    return { reason: `cgroups can't be read: ${(error as Error).message}` };
  }
}

/** Pids in a cgroup; empty when it is gone. */
export function membersOf(directory: string): number[] {
  try {
    return readFileSync(join(directory, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Removes a run's empty cgroup, and with the last one its parent. False while a process is still in it. */
export function removeCgroup(directory: string): boolean {
  if (!removed(directory)) return false;
  const parent = runsOfOneSupervisor(directory);
  if (parent !== null) removed(parent);
  return true;
}

function removed(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}
