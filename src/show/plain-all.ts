/** The jobs of several supervisors, a line each: `~/tts  train  running 3 h  GPU 0  48,210/60,000`. Pure. */
import type { JobView, Snapshot } from "../control/protocol.ts";
import { list } from "../words/list.ts";
import { cellsOf, pad, wrap } from "./draw/cells.ts";
import { inOrder } from "./draw/job-order.ts";
import { reasonAndNext, stateFor, stepOf } from "./job-words.ts";
import { neutral } from "./neutral.ts";

/** One supervisor by the name of its project; without a snapshot, the process that runs and why it doesn't answer. */
export type Shown = { name: string } & ({ snapshot: Snapshot } | { pid: number; error: string });

type Row = [place: string, job: string, state: string, rest: string];

/** A rest that doesn't fit beside its row goes on below, set in. */
export function formatAll(supervisors: Shown[], width: number): string {
  const rows = supervisors.flatMap(rowsOf);
  const columns = [0, 1, 2].map((at) => Math.max(...rows.map((row) => cellsOf(row[at] ?? ""))));
  return rows.flatMap((row) => laidOut(row, columns, width)).join("\n");
}

function rowsOf(shown: Shown): Row[] {
  const name = neutral(shown.name);
  if ("error" in shown) return [[name, "", "", `runs (pid ${shown.pid}) but doesn't answer: ${shown.error}`]];
  const { jobs, atMs } = shown.snapshot;
  if (jobs.length === 0) return [[name, "", "", "no jobs"]];
  return inOrder(jobs).map((job) => [name, neutral(job.name), stateFor(job, atMs), restOf(job, atMs)]);
}

function restOf(job: JobView, nowMs: number): string {
  const gpus = job.gpus.length === 0 ? "" : `GPU ${list(job.gpus)}`;
  const { reason } = reasonAndNext(job, nowMs);
  return [gpus, stepOf(job), neutral(reason)].filter((part) => part !== "").join("  ");
}

function laidOut([place, job, state, rest]: Row, columns: number[], width: number): string[] {
  const facts = [place, job, state].map((text, at) => pad(text, columns[at] ?? 0));
  const start = `${facts.filter((_, at) => (columns[at] ?? 0) > 0).join("  ")}  `;
  const room = Math.max(20, width - cellsOf(start));
  const [first = "", ...more] = rest === "" ? [] : wrap(rest, room);
  return [`${start}${first}`.trimEnd(), ...more.map((line) => " ".repeat(cellsOf(start)) + line)];
}
