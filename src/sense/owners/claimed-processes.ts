/**
 * Which processes belong to supervised jobs of other supervisors. A claim covers only processes of its own
 * user that it names, or that descend from those. A process that leaves the tree after it was seen there
 * stays with the job, as with our own.
 */
import type { Claim } from "../../model/machine.ts";
import type { ProcessStat } from "../proc/parse.ts";
import { uidOf } from "../proc/process.ts";
import type { StatOf } from "./parents.ts";

export class ClaimedProcesses {
  /** Claims that hold now. */
  #byId = new Map<string, Claim>();
  #byNamedPid = new Map<number, Claim[]>();
  /** Processes known to be claimed, with the claim's id. */
  readonly #known = new Map<number, { startTime: number; id: string }>();

  get size(): number {
    return this.#known.size;
  }

  /** Replaces the claims. Those of jobs that still wait in line cover no process. */
  follow(claims: readonly Claim[]): void {
    const holders = claims.filter(({ holds }) => holds);
    this.#byId = new Map(holders.map((claim) => [claim.id, claim]));
    this.#byNamedPid = new Map();
    for (const claim of holders) {
      for (const { pid } of claim.pids)
        this.#byNamedPid.set(pid, [...(this.#byNamedPid.get(pid) ?? []), claim]);
    }
    for (const [pid, { id }] of this.#known) if (!this.#byId.has(id)) this.#known.delete(pid);
  }

  /** The claim that this process is already known to belong to. */
  remembered({ pid, startTime }: ProcessStat): Claim | null {
    const known = this.#known.get(pid);
    return (known?.startTime === startTime && this.#byId.get(known.id)) || null;
  }

  /** The claim that covers this process; `above`: the one that its parents are below. */
  covering(stat: ProcessStat, above: Claim | null): Claim | null {
    const naming = (this.#byNamedPid.get(stat.pid) ?? []).filter(({ pids }) =>
      pids.some(({ pid, startTime }) => pid === stat.pid && startTime === stat.startTime),
    );
    const perhaps = above === null ? naming : [...naming, above];
    if (perhaps.length === 0) return null;
    const uid = uidOf(stat.pid);
    const claim = perhaps.find((one) => one.uid === uid) ?? null;
    if (claim !== null) this.#known.set(stat.pid, { startTime: stat.startTime, id: claim.id });
    return claim;
  }

  forgetGone(statOf: StatOf): void {
    for (const [pid, { startTime }] of this.#known)
      if (statOf(pid)?.startTime !== startTime) this.#known.delete(pid);
  }
}
