/**
 * Removes the cgroups that runs of the past have left, where no file tells of them any more: those of killed
 * supervisors whose state directories are gone. Only who knows a state directory can tell which cgroups are its
 * supervisor's, so other users' stay. Never one with a process in it, nor one of a live supervisor.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { isRunning, recordedSupervisors } from "../../files/supervisors.ts";
import { cgroupOfSupervisor, removeCgroup } from "../launch/cgroup.ts";

/** Call as the supervisor of `stateDirectory`, before it launches anything. `known`: ids of its runs. Never throws. */
export function sweepCgroups(stateDirectory: string, known: ReadonlySet<string>): void {
  removeRuns(stateDirectory, known);
  for (const other of recordedSupervisors())
    if (other.stateDirectory !== stateDirectory && !isRunning(other)) removeRuns(other.stateDirectory);
}

function removeRuns(stateDirectory: string, known: ReadonlySet<string> = new Set()): void {
  const place = cgroupOfSupervisor(stateDirectory);
  if ("reason" in place) return;
  for (const id of runsIn(place.directory)) if (!known.has(id)) removeCgroup(join(place.directory, id));
}

function runsIn(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    // It has none, or others may not look.
    return [];
  }
}
