/**
 * Memory limits of the cgroups that hold this process (a container, a batch system's job): the tightest
 * one counts where it leaves less free memory than the machine. Reads only. Usually there is no limit, which
 * costs nothing per tick.
 */
import { readOnce } from "../proc/kept-file.ts";

export interface MemoryLimit {
  totalMiB: number;
  availableMiB: number;
}

const MIB = 1024 * 1024;

interface Mount {
  /** The mount point of the hierarchy, and the cgroup that appears there. */
  at: string;
  root: string;
  v2: boolean;
}

/** Directories from our own cgroup up to the mount, own first; empty when there is no memory cgroup. */
export function memoryCgroups(ownCgroups: string, mounts: string): { path: string; v2: boolean }[] {
  for (const line of mounts.split("\n")) {
    const mount = parseMount(line);
    const own = mount && ownPath(ownCgroups, mount.v2);
    if (!mount || own === undefined || own === null) continue;
    const inside = mount.root === "/" ? own : own.startsWith(mount.root) ? own.slice(mount.root.length) : "";
    const names = inside.split("/").filter((name) => name !== "" && name !== "..");
    return [...names.keys(), names.length]
      .reverse()
      .map((length) => ({ path: [mount.at, ...names.slice(0, length)].join("/"), v2: mount.v2 }));
  }
  return [];
}

function parseMount(line: string): Mount | null {
  // 31 23 0:28 /root /mount/point rw,relatime - cgroup cgroup rw,memory
  const [left = "", right = ""] = line.split(" - ");
  const [, , , root, at] = left.split(" ");
  const [type, , options = ""] = right.split(" ");
  const v2 = type === "cgroup2";
  const isMemory = v2 || (type === "cgroup" && options.split(",").includes("memory"));
  return isMemory && root !== undefined && at !== undefined ? { at, root, v2 } : null;
}

const ownPath = (ownCgroups: string, v2: boolean): string | undefined =>
  (v2 ? /^0::(\/.*)$/m : /^\d+:(?:[^:\n]*,)?memory(?:,[^:\n]*)?:(\/.*)$/m).exec(ownCgroups)?.[1];

const bytesIn = (path: string): number | null => {
  const text = readOnce(path)?.trim() ?? "";
  return /^\d{1,20}$/.test(text) ? Number(text) : null;
};

/** A cgroup's limit and how much of it is left; droppable page cache counts as free. Null: no limit. */
export function readLimit(cgroup: { path: string; v2: boolean }): MemoryLimit | null {
  const names = cgroup.v2
    ? { limit: "memory.max", usage: "memory.current", droppable: "inactive_file" }
    : {
        limit: "memory.limit_in_bytes",
        usage: "memory.usage_in_bytes",
        droppable: "total_inactive_file",
      };
  const limit = bytesIn(`${cgroup.path}/${names.limit}`);
  // v1 writes "no limit" as nearly 2^63, v2 as "max".
  if (limit === null || limit > 2 ** 60) return null;
  const usage = bytesIn(`${cgroup.path}/${names.usage}`);
  if (usage === null) return null;
  const stat = readOnce(`${cgroup.path}/memory.stat`) ?? "";
  const droppable = Number(new RegExp(`^${names.droppable} (\\d+)$`, "m").exec(stat)?.[1] ?? 0);
  const available = Math.max(0, limit - Math.max(0, usage - droppable));
  return { totalMiB: limit / MIB, availableMiB: available / MIB };
}

/** Interval between searches for limits, in ms; known limits are read at every call. */
const LOOK_AGAIN_MS = 60_000;

/** A function that returns the tightest limit now; null where none of our cgroups has one. */
export function watchMemoryLimit(): (nowMs: number) => MemoryLimit | null {
  let limited: { path: string; v2: boolean }[] = [];
  let lookAtMs = Number.NEGATIVE_INFINITY;
  return (nowMs) => {
    if (nowMs >= lookAtMs) {
      lookAtMs = nowMs + LOOK_AGAIN_MS;
      const own = readOnce("/proc/self/cgroup", true) ?? "";
      const mounts = readOnce("/proc/self/mountinfo", true) ?? "";
      limited = memoryCgroups(own, mounts).filter((cgroup) => readLimit(cgroup) !== null);
    }
    let tightest: MemoryLimit | null = null;
    for (const cgroup of limited) {
      const limit = readLimit(cgroup);
      if (limit && (tightest === null || limit.availableMiB < tightest.availableMiB)) tightest = limit;
    }
    return tightest;
  };
}
