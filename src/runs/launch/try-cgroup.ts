/** Whether a run could be given a cgroup of its own: by making one and putting a process into it. Leaves nothing behind. */
import { existsSync, rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { runChild } from "../../spawn/run-child.ts";
import { findParent, makeCgroup, type Place, removeCgroup } from "./cgroup.ts";

/** Where runs' cgroups would be, or why there are none. Never rejects. */
export async function tryCgroup(env: NodeJS.ProcessEnv = process.env): Promise<Place> {
  const parent = findParent(env);
  if ("reason" in parent) return parent;
  const isOurs = !existsSync(parent.directory);
  const made = makeCgroup(`a try of pid ${process.pid}`, "try", env);
  const tried = "reason" in made ? made : await joined(made.directory, parent);
  if ("directory" in made) removeCgroup(made.directory);
  if (isOurs) removeEmpty(parent.directory);
  return tried;
}

async function joined(directory: string, parent: Place): Promise<Place> {
  const entry = await runChild("/bin/sh", ["-c", 'echo "$$" > "$0"', join(directory, "cgroup.procs")]);
  if (entry.ok) return parent;
  return {
    reason: `no process can be put into ${dirname(dirname(directory))}: ${entry.stderr.trim() || entry.reason}`,
  };
}

function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Another supervisor has begun to use it, or it was never made.
  }
}
