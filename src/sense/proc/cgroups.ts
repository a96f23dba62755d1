/** The cgroups of a process, of version 1 and 2, and the container whose they are. Reads only. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { readOnce } from "./kept-file.ts";

/**
 * Podman and Docker name a container's cgroup by its id: `libpod-<id>`, `docker/<id>`, `docker-<id>.scope`. Podman's
 * helper beside a container has `conmon` in its own.
 */
const CONTAINER = /(?:\/|\/libpod-|\/docker-)([0-9a-f]{64})(?:\.scope)?(?:\/|$)/m;

/** The id of the container in a process's /proc/PID/cgroup; null where it is in none. */
export const containerNamedBy = (cgroups: string): string | null => CONTAINER.exec(cgroups)?.[1] ?? null;

/** The id of the container that a process is in; null for none, and for a process that is gone. */
export const containerIn = (pid: number): string | null => {
  const text = readOnce(`/proc/${pid}/cgroup`);
  return text === null ? null : containerNamedBy(text);
};

export interface Cgroups {
  /** The directory in which its CPU use is counted. */
  cpu: string | null;
  /** The file that tells whether it is frozen. */
  freezer: string | null;
}

/** The folder of all supervisors' cgroups; below it each has one, with one for each of its runs. */
export const CGROUPS_NAME = "gpu-job-supervisor";

/** The cgroup of the supervisor that made this one for a run, which accounts for all of its runs; null for any other. */
export const runsOfOneSupervisor = (directory: string): string | null =>
  dirname(dirname(directory)).endsWith(`/${CGROUPS_NAME}`) ? dirname(directory) : null;

/** Null where one can't be found below what is mounted here. */
export function cgroupsOf(pid: number): Cgroups {
  const text = readOnce(`/proc/${pid}/cgroup`) ?? "";
  const mounts = (readOnce("/proc/self/mounts") ?? "").split("\n").map((line) => line.split(" "));
  const at = (controller: string, file: string): string | null => {
    const path = pathOf(text, controller);
    const mount = mounts.find(([, , type, options]) =>
      controller === "" ? type === "cgroup2" : type === "cgroup" && options?.split(",").includes(controller),
    )?.[1];
    const directory = mount === undefined || path === null ? null : join(mount, path);
    return directory !== null && existsSync(join(directory, file)) ? directory : null;
  };
  const one = at("freezer", "freezer.state");
  const two = at("", "cgroup.events");
  const freezer = one !== null ? join(one, "freezer.state") : two && join(two, "cgroup.events");
  return { cpu: at("cpuacct", "cpuacct.usage") ?? at("", "cpu.stat"), freezer };
}

/** `<number>:<controllers>:<path>`; version 2 has no controllers. */
function pathOf(text: string, controller: string): string | null {
  for (const line of text.split("\n")) {
    const [, controllers, ...path] = line.split(":");
    if (controllers?.split(",").includes(controller)) return path.join(":");
  }
  return null;
}
