/**
 * Whether other users' processes are visible from here. In a container they aren't, while /proc/stat still
 * counts the whole host: then others' use is unknown. Reads only.
 */
import { readlinkSync } from "node:fs";
import { readOnce } from "./kept-file.ts";

/** The fixed number of the first pid namespace (PROC_PID_INIT_INO). */
const HOST_PIDS = "pid:[4026531836]";

/** Why they are hidden; null when they are visible, or when /proc/stat counts this container alone (LXCFS mounts its own). */
export function hiddenHostPids(
  namespace: string | null = readNamespace(),
  mounts: string = readOnce("/proc/self/mountinfo", true) ?? "",
): string | null {
  if (namespace === HOST_PIDS || / \/proc\/stat /.test(mounts)) return null;
  return namespace === null
    ? "whether all processes of this machine are visible is unknown"
    : "this is a container: the host's processes are hidden, while /proc/stat counts the whole host";
}

function readNamespace(): string | null {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return null;
  }
}
