/**
 * The table of jobs. Pure, and its cost doesn't grow with the number of jobs: only rows that are
 * seen are made into text. With room each job has two lines, facts and reason; else one.
 */
import type { JobView } from "../../control/protocol.ts";
import {
  metricOf,
  reasonAndNext,
  resourcesOf,
  shareOf,
  sharePercent,
  shortNextOf,
  stateFor,
  stepOf,
  toneOf,
} from "../job-words.ts";
import { neutral } from "../neutral.ts";
import { progressBar } from "./bars.ts";
import { cellsOf, pad, shorten, wrap } from "./cells.ts";
import { FEW } from "./job-order.ts";
import { clip, type Line, lineCells, type Span, span, type Tone } from "./lines.ts";

export interface Table {
  /** In the order of their rows. */
  jobs: JobView[];
  selected: string | null;
  nowMs: number;
}

export interface Rows {
  lines: Line[];
  /** Of the jobs, the first that is seen and how many. */
  first: number;
  seen: number;
}

/**
 * At most `rows` lines of `width` cells around the selected job, in the fullest form that fits:
 * reasons in full, or cut to one line for each job, or beside the facts.
 */
export function jobRows(table: Table, width: number, rows: number): Rows {
  const ordered = table.jobs;
  const all = { first: 0, seen: ordered.length };
  if (ordered.length * 2 <= rows) {
    const columns = columnsFor(table, ordered, width, false);
    const full = ordered.length <= FEW ? ordered.flatMap((job) => roomy(table, job, columns, width)) : [];
    if (full.length > 0 && full.length <= rows) return { ...all, lines: full };
    return { ...all, lines: ordered.flatMap((job) => twoLines(table, job, columns, width)) };
  }
  const seen = Math.max(0, Math.min(ordered.length, rows));
  const at = ordered.findIndex((job) => job.name === table.selected);
  const first = Math.max(0, Math.min(at - Math.floor(seen / 2), ordered.length - seen));
  const visible = ordered.slice(first, first + seen);
  const narrow = columnsFor(table, visible, width, true);
  return { first, seen, lines: visible.map((job) => oneLine(table, job, narrow, width)) };
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
function columnsFor(table: Table, jobs: JobView[], width: number, reasonBeside: boolean): Columns {
  const longest = (text: (job: JobView) => string): number =>
    Math.max(0, ...jobs.map((job) => cellsOf(text(job))));
  const name = Math.min(
    longest((job) => neutral(job.name)),
    24,
    Math.max(6, Math.floor(width / 4)),
  );
  const columns: Columns = {
    name,
    state: longest((job) => stateFor(job, table.nowMs)),
    bar: 0,
    step: 0,
    metric: 0,
    use: 0,
  };
  let left =
    width -
    2 -
    columns.name -
    2 -
    columns.state -
    6 -
    (reasonBeside ? Math.min(30, Math.floor(width / 3)) : 0);
  const take = (cells: number): number => {
    const fits = cells > 0 && left >= cells + 2;
    if (fits) left -= cells + 2;
    return fits ? cells : 0;
  };
  columns.bar = take(jobs.some((job) => shareOf(job) !== null) ? 8 : 0);
  columns.step = take(longest(stepOf));
  columns.metric = take(longest(metricOf));
  columns.use = take(longest(resourcesOf));
  if (columns.bar > 0) columns.bar += Math.max(0, Math.min(16, reasonBeside ? 0 : left));
  return columns;
}

function factsLine(table: Table, job: JobView, columns: Columns): Line {
  const chosen = job.name === table.selected;
  const tone = toneOf(job);
  const line: Line = [
    span(chosen ? "▸ " : "  ", "key"),
    span(pad(job.name, columns.name), chosen ? "strong" : "plain"),
    span("  "),
    span(pad(stateFor(job, table.nowMs), columns.state), tone),
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

function oneLine(table: Table, job: JobView, columns: Columns, width: number): Line {
  const facts = factsLine(table, job, columns);
  const room = width - lineCells(facts) - 2;
  return room < 8 ? clip(facts, width) : [...facts, span("  "), ...reasonWithin(table, job, room)];
}

const twoLines = (table: Table, job: JobView, columns: Columns, width: number): Line[] => {
  const start = margin(columns, width);
  const reason = reasonWithin(table, job, width - start.text.length);
  const facts = clip(factsLine(table, job, columns), width);
  return lineCells(reason) === 0 ? [facts] : [facts, [start, ...reason]];
};

/** Of a line that has no room for both, this much may be about what comes next. */
const MOST_NEXT = 0.6;

/** Reason and next change on one line; where both don't fit, of the next change its time alone. */
function reasonWithin(table: Table, job: JobView, room: number): Line {
  const { reason, next } = reasonAndNext(job, table.nowMs);
  const gap = reason === "" ? "" : "  ";
  const forms = [next, shortNextOf(job, table.nowMs)].map((text) =>
    text === "" ? "" : `${gap}→ ${neutral(text)}`,
  );
  const cells = cellsOf(neutral(reason));
  const short = forms[1] ?? "";
  // The reason comes first: what would leave it no room isn't said here.
  const coming =
    forms.find((form) => cells + cellsOf(form) <= room) ?? (cellsOf(short) <= room * MOST_NEXT ? short : "");
  if (reason === "") return [span(shorten(coming === "" ? (forms[0] ?? "") : coming, room), "faint")];
  return [span(shorten(reason, Math.max(0, room - cellsOf(coming)))), span(shorten(coming, room), "faint")];
}

/** Nothing is cut: the reason on as many lines as it needs, then what comes next. */
function roomy(table: Table, job: JobView, columns: Columns, width: number): Line[] {
  const { reason, next } = reasonAndNext(job, table.nowMs);
  const start = margin(columns, width);
  const room = Math.max(1, width - start.text.length);
  const lines = (text: string, tone: Tone): Line[] =>
    text === "" ? [] : wrap(text, room).map((part) => [start, span(part, tone)]);
  const coming = next === "" ? "" : `→ ${next}`;
  return [clip(factsLine(table, job, columns), width), ...lines(reason, "plain"), ...lines(coming, "faint")];
}

const margin = (columns: Columns, width: number): Span =>
  span(" ".repeat(Math.min(columns.name + 4, Math.max(2, width - 20))));
