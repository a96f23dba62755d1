/**
 * Host memory of each run and of others. A run in a v2 cgroup with the memory controller is read exactly.
 * For any other run the resident memory of its processes is summed, private pages per process, shared ones
 * once. Pages still shared after a fork count several times, which overstates ours and understates others';
 * `upTo` says how far.
 */
import { existsSync } from "node:fs";
import type { Reading } from "../../model/machine.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import type { CpuSnapshot } from "../others/our-cpu.ts";
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

/** MiB held by a group of processes: an estimate with its bounds. */
interface Held {
  estimate: number;
  least: number;
  most: number;
  processes: number;
}

/** `usedMiB`: of the machine (or of our container) at the same time; null when it can't be read. */
export function shareMemory(
  runs: readonly LiveRun[],
  snapshot: CpuSnapshot,
  usedMiB: number | null,
  files: KeptFiles,
): MemoryShares {
  const shares = new Map<string, RunMemory>();
  // The same for all cgroups of a machine. Checked first: a failing read costs ten times as much.
  const exact = existsSync(`${runs.find(({ cpuCgroup }) => cpuCgroup !== null)?.cpuCgroup}/memory.stat`);
  const own = heldBy([...(snapshot.own?.keys() ?? [])], files);
  let least = own.least;
  let most = own.most;
  for (const run of runs) {
    const held = heldByRun(run, snapshot, files, exact);
    least += held.least;
    most += held.most;
    const nothing = held.processes === 0 ? "no process of the run is visible" : "";
    const memoryMiB = reading(nothing === "" ? held.estimate : null, snapshot.atMs, nothing);
    shares.set(run.id, { memoryMiB, processes: held.processes });
  }
  return { runs: shares, othersMiB: othersMemory(usedMiB, least, most, snapshot.atMs) };
}

/** The same shares, restamped. */
export function stillHeld({ runs, othersMiB }: MemoryShares, atMs: number): MemoryShares {
  const now = (held: Reading): Reading => ("value" in held ? { ...held, atMs } : held);
  for (const run of runs.values()) run.memoryMiB = now(run.memoryMiB);
  return { runs, othersMiB: now(othersMiB) };
}

function othersMemory(usedMiB: number | null, least: number, most: number, atMs: number): Reading {
  if (usedMiB === null) return { unavailable: "the memory in use can't be read" };
  return { value: Math.max(0, usedMiB - most), upTo: Math.max(0, usedMiB - least), atMs };
}

function heldByRun(run: LiveRun, snapshot: CpuSnapshot, files: KeptFiles, exact: boolean): Held {
  const tree = snapshot.trees.get(run.id);
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
