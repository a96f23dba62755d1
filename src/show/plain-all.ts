/** The jobs of several supervisors, a line each: `~/tts  train  running 3 h  GPU 0  48,210/60,000`. Pure. */
import type { JobView, Snapshot } from "../control/protocol.ts";
import { list } from "../words/list.ts";
import { cellsOf, pad, wrap } from "./draw/cells.ts";
import { inOrder } from "./draw/job-order.ts";
import { reasonAndNext, stateFor, stepOf } from "./job-words.ts";
import { neutral } from "./neutral.ts";

/**
 * One supervisor by the name of its project; without a snapshot, why it doesn't answer. `pid`: of the process that
 * runs, null where nobody knows whether one does.
 */
export type Shown = { name: string } & ({ snapshot: Snapshot } | { pid: number | null; error: string });

/** What is aligned in columns, and the rest, which is wrapped. */
export interface Row {
  facts: string[];
  rest: string;
}

export function formatAll(supervisors: Shown[], width: number): string {
  return tableOf(supervisors.flatMap(supervisorRows), width).join("\n");
}

/** A rest that doesn't fit beside its row goes on below, set in. */
export function tableOf(rows: Row[], width: number): string[] {
  const most = Math.max(0, ...rows.map(({ facts }) => facts.length));
  const columns = Array.from({ length: most }, (_, at) =>
    Math.max(...rows.map(({ facts }) => cellsOf(facts[at] ?? ""))),
  );
  return rows.flatMap((row) => laidOut(row, columns, width));
}

/** Place, job and state. */
export function supervisorRows(shown: Shown): Row[] {
  const name = neutral(shown.name);
  if ("error" in shown) {
    const what = shown.pid === null ? "can't be reached" : `runs (pid ${shown.pid}) but doesn't answer`;
    return [{ facts: [name, "", ""], rest: `${what}: ${neutral(shown.error)}` }];
  }
  const { jobs, atMs } = shown.snapshot;
  if (jobs.length === 0) return [{ facts: [name, "", ""], rest: "no jobs" }];
  return inOrder(jobs).map((job) => ({
    facts: [name, neutral(job.name), stateFor(job, atMs)],
    rest: restOf(job, atMs),
  }));
}

function restOf(job: JobView, nowMs: number): string {
  const gpus = job.gpus.length === 0 ? "" : `GPU ${list(job.gpus)}`;
  const { reason } = reasonAndNext(job, nowMs);
  return [gpus, stepOf(job), neutral(reason)].filter((part) => part !== "").join("  ");
}

function laidOut({ facts, rest }: Row, columns: number[], width: number): string[] {
  const padded = columns.map((cells, at) => pad(facts[at] ?? "", cells));
  const start = `${padded.filter((_, at) => (columns[at] ?? 0) > 0).join("  ")}  `;
  const room = Math.max(20, width - cellsOf(start));
  const [first = "", ...more] = rest === "" ? [] : wrap(rest, room);
  return [`${start}${first}`.trimEnd(), ...more.map((line) => " ".repeat(cellsOf(start)) + line)];
}
