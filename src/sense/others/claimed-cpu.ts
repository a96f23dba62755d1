/**
 * The CPU time of other supervisors' jobs, by the cgroups that their supervisors keep for them. It is exact, so
 * what is left beside it is somebody else's. Where a job can't be followed like this, nothing is told.
 */
import { basename } from "node:path";
import type { Claim } from "../../model/machine.ts";
import type { LiveRun } from "../../ports/live-run.ts";
import { CGROUPS_NAME, cgroupsOf, runsOfOneSupervisor } from "../proc/cgroups.ts";
import { KeptFiles, readOnce } from "../proc/kept-file.ts";
import { readStat, uidOf } from "../proc/process.ts";
import { CgroupCpu } from "./cgroup-cpu.ts";

/** Supervisors that are followed: the guard reads each one's cgroup at every look. */
const MOST_FOLLOWED = 8;

/** Milliseconds of CPU by cgroup; null: some claimed job can't be followed, or works outside of its cgroup. */
export type ClaimedTimes = ReadonlyMap<string, number> | null;

export class ClaimedCpu {
  readonly #files = new KeptFiles();
  readonly #cgroups = new CgroupCpu(this.#files);
  /** Where the jobs of claims that were there at the last look are. */
  #places = new Map<string, string>();
  /** Cgroups of supervisors; null: there is a job in none of them, or there are too many. */
  #followed: readonly string[] | null = [];
  #hasEscaped = false;

  /** Follows these claims from now on. False where that changes what is followed, or can't be done. */
  follow(claims: readonly Claim[], runs: readonly LiveRun[]): boolean {
    const before = this.#followed;
    const holders = claims.filter(({ holds, pids }) => holds && pids.length > 0);
    this.#places = new Map(holders.flatMap((claim) => this.#placed(claim)));
    const found = [...new Set(this.#places.values())];
    const isWhole =
      this.#places.size === holders.length && found.length <= MOST_FOLLOWED && !found.some(isNestedIn(runs));
    this.#followed = isWhole ? found : null;
    this.#files.sweep();
    return isWhole && found.every((place) => before?.includes(place));
  }

  look(): ClaimedTimes {
    const times = new Map<string, number>();
    for (const place of outermost(this.#followed ?? [])) {
      const ms = this.#cgroups.read(place);
      if (ms === null) return null;
      times.set(place, ms);
    }
    return this.#followed && !this.#hasEscaped ? times : null;
  }

  /** Whether what this process uses is counted. */
  counts(pid: number): boolean {
    const cgroups = readOnce(`/proc/${pid}/cgroup`) ?? "";
    // The names of supervisors' cgroups are hashes.
    return this.#followed?.some((place) => cgroups.includes(`/${CGROUPS_NAME}/${basename(place)}/`)) === true;
  }

  /** What a scan of all processes shows holds until the next one. */
  scanned({ hasEscaped }: { hasEscaped: boolean }): void {
    this.#hasEscaped = hasEscaped;
  }

  /** Looked for once: nothing moves a job. */
  #placed(claim: Claim): [[string, string]] | [] {
    const key = `${claim.uid} ${claim.id} ${claim.pids.map(({ pid, startTime }) => `${pid} ${startTime}`)}`;
    const place = this.#places.get(key) ?? placeOf(claim);
    return place === null ? [] : [[key, place]];
  }

  close(): void {
    this.#files.close();
  }
}

/** Milliseconds used between two looks; null where that isn't known. */
export function claimedBetween(before: ClaimedTimes, after: ClaimedTimes): number | null {
  if (before === null || after?.size !== before.size) return null;
  let used = 0;
  for (const [place, ms] of after) {
    const earlier = before.get(place);
    // Less: it was removed, and made again.
    if (earlier === undefined || ms < earlier) return null;
    used += ms - earlier;
  }
  return used;
}

/** The launcher is in none, and uses next to nothing. Only a process of the claim's own user counts, as for all that claims cover. */
function placeOf({ uid, pids }: Claim): string | null {
  for (const { pid, startTime } of pids) {
    const place = supervisorsCgroup(pid);
    if (place !== null && readStat(pid)?.startTime === startTime && uidOf(pid) === uid) return place;
  }
  return null;
}

/** One that lies in another is counted there. */
const outermost = (places: readonly string[]): string[] =>
  places.filter((one) => !places.some((other) => one.startsWith(`${other}/`)));

function supervisorsCgroup(pid: number): string | null {
  const { cpu } = cgroupsOf(pid);
  return cpu === null ? null : runsOfOneSupervisor(cpu);
}

/** Then one would count what the other does, too. */
const isNestedIn = (runs: readonly LiveRun[]) => (place: string) =>
  runs.some(
    ({ cpuCgroup }) =>
      cpuCgroup !== null && (`${cpuCgroup}/`.startsWith(`${place}/`) || place.startsWith(`${cpuCgroup}/`)),
  );
