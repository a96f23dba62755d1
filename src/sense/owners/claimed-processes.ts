/**
 * Which of the machine's processes belong to supervised jobs of other supervisors. A claim speaks only
 * for processes of its own user that are, or descend from, the ones that it names, or did when they
 * were last seen: one that leaves its tree later stays with the job, as ours do.
 */
import type { Claim } from "../../model.ts";
import type { ProcessTable } from "../accounts.ts";
import { uidOf } from "../process.ts";

export class ClaimedProcesses {
  #known = new Map<number, { startTime: number; claim: string }>();

  /** Pids in `table`; `children` are those of each process in it. */
  find(
    table: ProcessTable,
    children: ReadonlyMap<number, number[]>,
    claims: readonly Claim[],
  ): ReadonlySet<number> {
    const found = new Map<number, { startTime: number; claim: string }>();
    for (const { id, uid, pids } of claims.filter(({ holds }) => holds)) {
      const left = [...this.#known].flatMap(([pid, { startTime, claim }]) =>
        claim === id ? [{ pid, startTime }] : [],
      );
      const open = [...pids, ...left].flatMap(({ pid, startTime }) =>
        table.get(pid)?.startTime === startTime ? [pid] : [],
      );
      for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
        const stat = table.get(pid);
        if (stat === undefined || found.has(pid) || uidOf(pid) !== uid) continue;
        found.set(pid, { startTime: stat.startTime, claim: id });
        open.push(...(children.get(pid) ?? []));
      }
    }
    this.#known = found;
    return new Set(found.keys());
  }
}
