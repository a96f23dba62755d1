/**
 * Host memory of each run and of others. A run in a v2 cgroup with the memory controller is read
 * exactly; else the resident memory of its processes is added up: private pages each, shared ones
 * once. Pages that a fork still shares count several times there, so what is ours may be overstated
 * and what is others' understated; `upTo` says how far.
 */
import { existsSync } from "node:fs";
import type { Reading } from "../../model/machine.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import type { Moment } from "../others/our-cpu.ts";
import type { KeptFiles } from "../proc/kept-file.ts";
import { PAGES_PER_MIB } from "../proc/page-size.ts";
import { parsePids, parseStatm } from "../proc/parse.ts";
import { reading } from "./machine.ts";

const MIB = 1024 * 1024;

export interface RunMemory {
  memoryMiB: Reading;
  processes: number;
}

export interface MemoryShares {
  runs: Map<string, RunMemory>;
  othersMiB: Reading;
}

/** MiB that a group of processes holds: an estimate, and what it holds at least and at most. */
interface Held {
  estimate: number;
  least: number;
  most: number;
  processes: number;
}

/** `usedMiB`: of the machine (or of our container) at the same moment, or null when it can't be read. */
export function shareMemory(
  runs: readonly LiveRun[],
  moment: Moment,
  usedMiB: number | null,
  files: KeptFiles,
): MemoryShares {
  const shares = new Map<string, RunMemory>();
  // Alike in all cgroups of a machine, and asked first, since a failing read costs ten times as much.
  const exact = existsSync(`${runs.find(({ cpuCgroup }) => cpuCgroup !== null)?.cpuCgroup}/memory.stat`);
  const own = heldBy([...(moment.own?.keys() ?? [])], files);
  let least = own.least;
  let most = own.most;
  for (const run of runs) {
    const held = heldByRun(run, moment, files, exact);
    least += held.least;
    most += held.most;
    const nothing = held.processes === 0 ? "no process of the run can be seen" : "";
    const memoryMiB = reading(nothing === "" ? held.estimate : null, moment.atMs, nothing);
    shares.set(run.id, { memoryMiB, processes: held.processes });
  }
  return { runs: shares, othersMiB: othersMemory(usedMiB, least, most, moment.atMs) };
}

/** The same shares as of now. */
export function stillHeld({ runs, othersMiB }: MemoryShares, atMs: number): MemoryShares {
  const now = (held: Reading): Reading => ("value" in held ? { ...held, atMs } : held);
  for (const run of runs.values()) run.memoryMiB = now(run.memoryMiB);
  return { runs, othersMiB: now(othersMiB) };
}

function othersMemory(usedMiB: number | null, least: number, most: number, atMs: number): Reading {
  if (usedMiB === null) return { unavailable: "how much memory is used can't be read" };
  return { value: Math.max(0, usedMiB - most), upTo: Math.max(0, usedMiB - least), atMs };
}

function heldByRun(run: LiveRun, moment: Moment, files: KeptFiles, exact: boolean): Held {
  const tree = moment.trees.get(run.id);
  if (tree)
    return heldBy(
      [...tree.keys()].filter((pid) => pid !== run.launcherPid),
      files,
    );
  const pids = parsePids(files.read(`${run.cpuCgroup}/cgroup.procs`, true) ?? "");
  const counted = exact ? cgroupMemoryMiB(files.read(`${run.cpuCgroup}/memory.stat`)) : null;
  if (counted === null) return heldBy(pids, files);
  return { estimate: counted, least: counted, most: counted, processes: pids.length };
}

/** Anonymous and shared memory by a cgroup's `memory.stat`; null without the v2 memory controller. */
export function cgroupMemoryMiB(stat: string | null): number | null {
  const anonymous = /^anon (\d+)$/m.exec(stat ?? "")?.[1];
  const shared = /^shmem (\d+)$/m.exec(stat ?? "")?.[1];
  return anonymous === undefined ? null : (Number(anonymous) + Number(shared ?? 0)) / MIB;
}

function heldBy(pids: readonly number[], files: KeptFiles): Held {
  let anonymous = 0;
  let largestAnonymous = 0;
  let largestShared = 0;
  let resident = 0;
  let processes = 0;
  for (const pid of pids) {
    const pages = parseStatm(files.read(`/proc/${pid}/statm`) ?? "");
    if (!pages) continue;
    processes += 1;
    resident += pages.resident;
    anonymous += pages.resident - pages.shared;
    largestAnonymous = Math.max(largestAnonymous, pages.resident - pages.shared);
    largestShared = Math.max(largestShared, pages.shared);
  }
  return {
    estimate: (anonymous + largestShared) / PAGES_PER_MIB,
    least: largestAnonymous / PAGES_PER_MIB,
    most: resident / PAGES_PER_MIB,
    processes,
  };
}
