/**
 * The table of jobs. Pure, and its cost doesn't grow with the number of jobs: only rows that are
 * seen are made into text. With room each job has two lines, facts and reason; else one.
 */
import type { JobView } from "../protocol.ts";
import { progressBar } from "./bars.ts";
import { cellsOf, pad, shorten } from "./cells.ts";
import {
  metricOf,
  reasonAndNext,
  resourcesOf,
  shareOf,
  sharePercent,
  stateFor,
  stepOf,
  toneOf,
} from "./job-words.ts";
import { clip, type Line, lineCells, span } from "./lines.ts";

export interface Table {
  jobs: JobView[];
  selected: string | null;
  nowMs: number;
}

const LIVE = new Set(["starting", "running", "pausing", "standby", "frozen", "lost"]);
const ENDED = new Set(["finished", "failed", "cancelled"]);

const rank = (job: JobView): number => (LIVE.has(job.state) ? 0 : ENDED.has(job.state) ? 2 : 1);

/** A few jobs keep their places; of many, what runs stands first and what has ended last. */
const FEW = 12;

export function inOrder(jobs: JobView[]): JobView[] {
  if (jobs.length <= FEW) return jobs;
  return [0, 1, 2].flatMap((group) => jobs.filter((job) => rank(job) === group));
}

export interface Rows {
  lines: Line[];
  /** Of the jobs in `inOrder`, the first that is seen and how many. */
  first: number;
  seen: number;
}

/** At most `rows` lines of `width` cells around the selected job. */
export function jobRows(table: Table, width: number, rows: number): Rows {
  const perJob = table.jobs.length * 2 <= rows ? 2 : 1;
  const seen = Math.min(table.jobs.length, Math.floor(rows / perJob));
  const ordered = inOrder(table.jobs);
  const at = Math.max(
    0,
    ordered.findIndex((job) => job.name === table.selected),
  );
  const first = Math.max(0, Math.min(at - Math.floor(seen / 2), ordered.length - seen));
  const visible = ordered.slice(first, first + seen);
  const columns = columnsFor(visible, width, perJob === 1);
  const lines = visible.flatMap((job) => {
    const chosen = job.name === table.selected;
    const facts = factsLine(job, chosen, table.nowMs, columns);
    if (perJob === 1) return [withReason(facts, job, table.nowMs, width)];
    return [clip(facts, width), reasonLine(job, table.nowMs, columns.name + 4, width)];
  });
  return { lines, first, seen };
}

interface Columns {
  name: number;
  state: number;
  bar: number;
  step: number;
  metric: number;
  use: number;
}

/** Columns go one by one as the width shrinks: use, metric, step, bar. One-line rows keep room for the reason. */
function columnsFor(jobs: JobView[], width: number, oneLine: boolean): Columns {
  const longest = Math.max(4, ...jobs.map((job) => cellsOf(job.name)));
  const steps = Math.max(0, ...jobs.map((job) => cellsOf(stepOf(job))));
  const columns: Columns = {
    name: Math.min(longest, 24, Math.max(6, Math.floor(width / 4))),
    state: 16,
    bar: 0,
    step: 0,
    metric: 0,
    use: 0,
  };
  let left =
    width - 2 - columns.name - 2 - columns.state - 6 - (oneLine ? Math.min(30, Math.floor(width / 3)) : 0);
  const take = (cells: number): number => {
    const fits = cells > 0 && left >= cells + 2;
    if (fits) left -= cells + 2;
    return fits ? cells : 0;
  };
  columns.bar = take(8);
  columns.step = take(steps);
  columns.metric = take(jobs.some((job) => metricOf(job) !== "") ? 12 : 0);
  columns.use = take(jobs.some((job) => resourcesOf(job) !== "") ? 19 : 0);
  if (columns.bar > 0) columns.bar += Math.max(0, Math.min(16, oneLine ? 0 : left));
  return columns;
}

function factsLine(job: JobView, chosen: boolean, nowMs: number, columns: Columns): Line {
  const tone = toneOf(job);
  const line: Line = [
    span(chosen ? "▸ " : "  ", "key"),
    span(pad(job.name, columns.name), chosen ? "strong" : "plain"),
    span("  "),
    span(pad(stateFor(job, nowMs), columns.state), tone),
  ];
  const share = shareOf(job);
  if (columns.bar > 0) {
    line.push(span("  "));
    line.push(...(share === null ? [span(" ".repeat(columns.bar))] : progressBar(share, columns.bar, tone)));
  }
  line.push(span(sharePercent(job).padStart(6)));
  if (columns.step > 0) line.push(span(`  ${pad(stepOf(job), columns.step, "right")}`));
  if (columns.metric > 0) line.push(span(`  ${pad(metricOf(job), columns.metric)}`));
  if (columns.use > 0) line.push(span(`  ${pad(resourcesOf(job), columns.use)}`, "faint"));
  return line;
}

function withReason(facts: Line, job: JobView, nowMs: number, width: number): Line {
  const room = width - lineCells(facts) - 2;
  if (room < 8) return clip(facts, width);
  const { reason, next } = reasonAndNext(job, nowMs);
  const text = [reason, next].filter((part) => part !== "").join(" · ");
  return [...facts, span(`  ${shorten(text, room)}`, "faint")];
}

/** The reason first; what comes next stays readable when both don't fit. */
function reasonLine(job: JobView, nowMs: number, indent: number, width: number): Line {
  const { reason, next } = reasonAndNext(job, nowMs);
  const start = span(" ".repeat(Math.min(indent, Math.max(2, width - 20))));
  const room = width - start.text.length;
  const coming = next === "" ? "" : `→ ${next}`;
  if (reason === "" || coming === "") return [start, span(shorten(reason || coming, room), "faint")];
  const forReason = Math.max(Math.floor(room / 2), room - cellsOf(coming) - 2);
  const short = shorten(reason, forReason);
  return [start, span(short), span("  "), span(shorten(coming, room - cellsOf(short) - 2), "faint")];
}
