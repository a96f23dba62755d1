/**
 * Tells other supervisors about our jobs: which ones work, and which GPUs they hold or wait for. One file
 * per job, readable by all, replaced atomically. A holder's file names the launcher and the first process
 * of its job, so that it counts as long as they live, with or without a supervisor. Never touches another
 * user's file. The supervisor's process is part of a file's name: once all that a file names have ended, anybody of
 * its user may remove it, as none will ever write it again.
 */
import { basename } from "node:path";
import { elapsedMs } from "../clock.ts";
import { claimDirectories, stateName } from "../files/state-paths.ts";
import type { Claim } from "../model/machine.ts";
import type { Claims, OwnClaim } from "../ports/claims.ts";
import { bootId } from "../sense/proc/boot-id.ts";
import { isDead, type KnownProcess, readStat } from "../sense/proc/process.ts";
import { processView } from "../sense/proc/process-view.ts";
import { ABANDONED_MS, type ClaimFile, claimFileName, stampOf } from "./claim-file.ts";
import { pathsIn } from "./listed-folders.ts";
import { type PublishedFile, publishFile, removeOwn, touch } from "./publish-file.ts";
import { abandonedClaims, ClaimWatch } from "./read-claims.ts";

/** Refresh mtimes this often so tmp cleaners keep the files; rewrite one that was removed anyway. */
const REFRESH_MS = 60_000;

/** The launcher and the first process of a job; null while unknown. */
export interface Pids {
  launcherPid: number | null;
  pid: number | null;
}

const NO_PIDS: Pids = { launcherPid: null, pid: null };

interface Written {
  claim: OwnClaim;
  named: Pids;
  file: PublishedFile;
  atMs: number;
}

/** Names a supervisor among all of this machine: one user and one state directory. */
export const claimantOf = (stateDirectory: string): string =>
  `${process.getuid?.() ?? 0}-${stateName(stateDirectory)}`;

export class ClaimFiles implements Claims {
  readonly claimant: string;
  problem: string | null = null;
  readonly #directories: string[];
  readonly #pids: (claim: OwnClaim) => Pids;
  /** By job, as last written. */
  readonly #written = new Map<string, Written>();
  readonly #rivals: ClaimWatch;
  readonly #writer: KnownProcess = { pid: process.pid, startTime: readStat(process.pid)?.startTime ?? null };
  #swept = false;

  /** `pids` gives the processes of a holder. */
  constructor(stateDirectory: string, pids: (claim: OwnClaim) => Pids, directories = claimDirectories()) {
    this.claimant = claimantOf(stateDirectory);
    this.#pids = pids;
    this.#directories = directories;
    this.#rivals = new ClaimWatch(this.claimant, directories);
  }

  publish(claims: OwnClaim[]): void {
    const jobs = new Set(claims.map(({ job }) => job));
    for (const [job, { file }] of this.#written) if (!jobs.has(job)) this.#remove(job, file.path);
    for (const claim of claims) this.#write(claim);
    if (!this.#swept) this.#sweep(claims);
  }

  /**
   * Before a launch: publishes the claim, then looks for a rival that holds one of the same GPUs. Of two
   * that do so at once at least one sees the other and steps back; the line then decides whose turn it is.
   * Returns the rival's claim; null when the GPUs are ours.
   */
  take(claim: OwnClaim): Claim | null {
    this.#write(claim);
    const rival = this.#rivals
      .look()
      .find((other) => other.holds && other.gpus.some((gpu) => claim.gpus.includes(gpu)));
    if (rival === undefined) return null;
    this.#write({ ...claim, holds: false, readyMs: claim.sinceMs });
    return rival;
  }

  /** Names a holder's processes once they exist. */
  renew(claim: OwnClaim): void {
    this.#write(claim);
  }

  /** Leaves the line. The claims of jobs that run on without us stay. */
  close(): void {
    for (const [job, { file, claim }] of this.#written) if (!claim.holds) this.#remove(job, file.path);
  }

  #id(job: string): string {
    return `${this.claimant}-${job}`;
  }

  #write(claim: OwnClaim): void {
    const { job, gpus, holds, sinceMs, readyMs, turn } = claim;
    const named = holds ? this.#pids(claim) : NO_PIDS;
    // Called for every job at every tick: an unchanged claim must not cost a look at any process.
    const written = this.#written.get(job);
    if (written && isSame(written, claim, named) && this.#isThere(written)) return;
    const pids = living(named);
    const view = processView();
    const file: ClaimFile = {
      version: 1,
      id: this.#id(job),
      supervisor: this.claimant,
      job,
      gpus,
      holds,
      sinceMs,
      readyMs,
      ...(turn === undefined ? {} : { turn }),
      pids: pids.length > 0 ? pids : living({ ...NO_PIDS, launcherPid: process.pid }),
      bootId: bootId(),
      writer: this.#writer,
      ...(view !== null && { view }),
    };
    const text = `${JSON.stringify(file)}\n`;
    const published = publishFile(claimFileName(this.#id(job), this.#writer), text, this.#directories);
    this.problem = "reason" in published ? published.reason : null;
    if ("path" in published) this.#written.set(job, { claim, named, file: published, atMs: elapsedMs() });
  }

  /** Refreshes the file once a minute. False when it was removed, or isn't the one that we wrote. */
  #isThere(written: Written): boolean {
    if (elapsedMs() - written.atMs < REFRESH_MS) return true;
    if (!touch(written.file)) return false;
    written.atMs = elapsedMs();
    return true;
  }

  #remove(job: string, path: string): void {
    removeOwn(path);
    this.#written.delete(job);
  }

  /** Removes what earlier processes of this supervisor left behind, except where a claim couldn't be written anew. */
  #sweep(wanted: readonly OwnClaim[]): void {
    this.#swept = true;
    const ours = new Set([...this.#written.values()].map(({ file }) => file.path));
    const unwritten = wanted.flatMap(({ job }) => (this.#written.has(job) ? [] : [`${this.#id(job)}.`]));
    for (const directory of this.#directories) {
      for (const path of pathsIn(directory)) {
        const name = basename(path);
        const isEarlier = name.startsWith(`${this.claimant}-`) && !ours.has(path);
        if (isEarlier && !unwritten.some((start) => name.startsWith(start))) removeOwn(path);
      }
      // Also abandoned claims of this user's other supervisors, whose state directories may be gone.
      for (const path of abandonedClaims(directory, ABANDONED_MS)) removeOwn(path);
    }
  }
}

/** Removes a file of our own user that nobody will write again; not one that has got its name since. */
export const removeAbandoned = (path: string, stamp: string): void => {
  removeOwn(path, (stat) => stampOf(stat) === stamp);
};

function isSame({ claim, named }: Written, next: OwnClaim, nextNamed: Pids): boolean {
  return (
    named.pid === nextNamed.pid &&
    named.launcherPid === nextNamed.launcherPid &&
    claim.holds === next.holds &&
    claim.sinceMs === next.sinceMs &&
    claim.readyMs === next.readyMs &&
    claim.turn?.gpu === next.turn?.gpu &&
    claim.turn?.forMs === next.turn?.forMs &&
    (claim.gpus === next.gpus || claim.gpus.join() === next.gpus.join())
  );
}

function living({ launcherPid, pid }: Pids): Claim["pids"] {
  return [launcherPid, pid].flatMap((one) => {
    const stat = one === null ? null : readStat(one);
    return stat === null || isDead(stat) ? [] : [{ pid: stat.pid, startTime: stat.startTime }];
  });
}
