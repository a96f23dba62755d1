/**
 * What hidden processes of other users use, where /proc shows our own user's alone: the machine's use less
 * all that is seen. Short-lived processes of a run that nobody waits for can't be told from them, so while runs
 * start processes nothing is taken for proven; nor while another user's supervised job may be among them.
 */
import type { Claim } from "../../model/machine.ts";
import { runOf } from "../owners/owner.ts";
import type { ProcessScan } from "./scan-processes.ts";

/** Percent of the machine that kernel threads, hidden as well, and the error of measuring may take. */
const MARGIN = 10;
/** After a run has started a process, in ms. */
const BREEDS_MS = 10_000;

export class HiddenUse {
  #bredAtMs = Number.NEGATIVE_INFINITY;

  /** Looks for processes of runs, or of nobody known, that have begun since the scan before. */
  look(before: ProcessScan, after: ProcessScan): void {
    for (const [pid, owner] of after.owners) {
      if (runOf(owner) === null && owner !== "nobody") continue;
      if ((after.table.get(pid)?.startTime ?? 0) >= before.bootTicks) this.#bredAtMs = after.atMs;
    }
  }

  /** Why it can't be told at all, half a sentence; null where it can. */
  doubt(atMs: number, claims: readonly Claim[]): string | null {
    const uid = process.getuid?.();
    if (claims.some(({ uid: owner, pids }) => owner !== uid && pids.length > 0))
      return "another user's supervised job may be among them";
    return atMs - this.#bredAtMs < BREEDS_MS
      ? "short-lived processes of our own jobs can't be told from them"
      : null;
  }
}

/** Percent of the machine that is others' for certain; `unseen`: its use less all that is seen. */
export const lessMargin = (unseen: number): number => Math.max(0, unseen - MARGIN);

/** How the figure came about, half a sentence. `doubt`: why hidden processes count for nothing in it. */
export const howTold = (hidden: string, doubt: string | null): string =>
  doubt === null
    ? `${hidden}, so it is the machine's use less all that is seen, less ${MARGIN} %`
    : `${hidden}, and ${doubt}, so what they use only holds resumes back`;
