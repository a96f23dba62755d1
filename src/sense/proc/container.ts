/**
 * Whether other people's processes can be seen from here. In a container they can't, while /proc/stat
 * still counts the whole host: then nobody can say what others use. Reads only.
 */
import { readlinkSync } from "node:fs";
import { readOnce } from "./kept-file.ts";

/** The kernel gives the first pid namespace this fixed number (PROC_PID_INIT_INO). */
const HOST_PIDS = "pid:[4026531836]";

/** Null when they can be seen, or when /proc/stat counts this container alone (LXCFS mounts its own). */
export function hiddenHostPids(
  namespace: string | null = readNamespace(),
  mounts: string = readOnce("/proc/self/mountinfo", true) ?? "",
): string | null {
  if (namespace === HOST_PIDS || / \/proc\/stat /.test(mounts)) return null;
  return namespace === null
    ? "it can't be told whether all processes of this machine are visible"
    : "this is a container: the host's processes can't be seen, while /proc/stat counts the whole host";
}

function readNamespace(): string | null {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return null;
  }
}
