/**
 * Tells other users' supervisors of our jobs: which are at work, and which GPUs they hold or wait for.
 * One file for each job, readable by all, replaced atomically. A holder's file names the parent and the first process of its job, so
 * that it counts as long as they live, with or without a supervisor. Never touches a file of others.
 */
import { createHash } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { elapsedMs } from "../clock.ts";
import { claimDirectories } from "../files/state-paths.ts";
import type { Claim } from "../model/machine.ts";
import type { Claims, OwnClaim } from "../ports/claims.ts";
import { bootId } from "../sense/proc/boot-id.ts";
import { isDead, readStat } from "../sense/proc/process.ts";
import { type ClaimFile, claimFileName } from "./claim-file.ts";
import { type PlacedFile, place, touch } from "./publish-file.ts";
import { abandonedClaims, readClaims } from "./read-claims.ts";

/** Files are made young so often, since temporary folders are swept, and written again where that came too late. */
const AGAIN_MS = 60_000;
/** What nobody has made young for so long, and names no living process, is nobody's any more. */
const ABANDONED_MS = 24 * 3_600_000;

/** The launcher and the first process of a job, as far as they are known. */
export interface Pids {
  launcherPid: number | null;
  pid: number | null;
}

const NOBODY: Pids = { launcherPid: null, pid: null };

interface Written {
  claim: OwnClaim;
  named: Pids;
  file: PlacedFile;
  atMs: number;
}

/** One supervisor is one state directory of one user. */
export const claimantOf = (stateDirectory: string): string =>
  `${process.getuid?.() ?? 0}-${createHash("sha256").update(stateDirectory).digest("hex").slice(0, 12)}`;

export class ClaimFiles implements Claims {
  readonly claimant: string;
  problem: string | null = null;
  readonly #directories: string[];
  readonly #pids: (claim: OwnClaim) => Pids;
  /** By job, as last written. */
  readonly #written = new Map<string, Written>();
  #swept = false;

  /** `pids` tells the processes of a holder. */
  constructor(stateDirectory: string, pids: (claim: OwnClaim) => Pids, directories = claimDirectories()) {
    this.claimant = claimantOf(stateDirectory);
    this.#pids = pids;
    this.#directories = directories;
  }

  publish(claims: OwnClaim[]): void {
    const jobs = new Set(claims.map(({ job }) => job));
    for (const [job, { file }] of this.#written) if (!jobs.has(job)) this.#remove(job, file.path);
    if (!this.#swept) this.#sweep(new Set(claims.map(({ job }) => claimFileName(this.#id(job)))));
    for (const claim of claims) this.#write(claim);
  }

  /**
   * Before a launch: says that it holds, then looks whether somebody else says so too. Of two who do
   * so at once at least one sees the other and steps back; the line tells whose turn it is then.
   */
  take(claim: OwnClaim): { ok: true } | { ok: false; by: Claim } {
    this.#write(claim);
    const by = readClaims(this.claimant, this.#directories).find(
      (other) => other.holds && other.gpus.some((gpu) => claim.gpus.includes(gpu)),
    );
    if (by === undefined) return { ok: true };
    this.#write({ ...claim, holds: false, readyMs: claim.sinceMs });
    return { ok: false, by };
  }

  /** Names the processes of a holder as soon as there are any. */
  renew(claim: OwnClaim): void {
    this.#write(claim);
  }

  /** Leaves the line. What runs on without us stays claimed. */
  close(): void {
    for (const [job, { file, claim }] of this.#written) if (!claim.holds) this.#remove(job, file.path);
  }

  #id(job: string): string {
    return `${this.claimant}-${job}`;
  }

  #write(claim: OwnClaim): void {
    const { job, gpus, holds, sinceMs, readyMs, turn } = claim;
    const named = holds ? this.#pids(claim) : NOBODY;
    // Told at every tick of every job: what is the same is seen without a look at any process.
    const written = this.#written.get(job);
    if (written && isSame(written, claim, named) && this.#isThere(written)) return;
    const pids = living(named);
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
      pids: pids.length > 0 ? pids : living({ ...NOBODY, launcherPid: process.pid }),
      bootId: bootId(),
    };
    const text = `${JSON.stringify(file)}\n`;
    const { file: placed, problem } = place(claimFileName(this.#id(job)), text, this.#directories);
    this.problem = problem;
    if (placed) this.#written.set(job, { claim, named, file: placed, atMs: elapsedMs() });
  }

  /** Looked at once a minute. A file that a sweep has removed, or that isn't the one we wrote, isn't there. */
  #isThere(written: Written): boolean {
    if (elapsedMs() - written.atMs < AGAIN_MS) return true;
    if (!touch(written.file)) return false;
    written.atMs = elapsedMs();
    return true;
  }

  #remove(job: string, path: string): void {
    rmSync(path, { force: true });
    this.#written.delete(job);
  }

  /** What an earlier life of this supervisor has left. */
  #sweep(wanted: ReadonlySet<string>): void {
    this.#swept = true;
    for (const directory of this.#directories) {
      try {
        for (const name of readdirSync(directory))
          if (name.startsWith(`${this.claimant}-`) && !wanted.has(name))
            rmSync(join(directory, name), { force: true });
        // And what others of this user have, whose state directory may be gone.
        for (const path of abandonedClaims(directory, ABANDONED_MS)) rmSync(path, { force: true });
      } catch {
        // There is none.
      }
    }
  }
}

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
