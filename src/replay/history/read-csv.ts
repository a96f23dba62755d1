/**
 * History from a CSV: a header of metric names and one row for each moment (docs/replay.md). All problems at
 * once, each with its line and column; a cell without a figure is a reading that is missing, never a zero.
 */
import { closeSync, openSync, readSync } from "node:fs";
import {
  GPU_METRICS,
  type GpuSample,
  MACHINE_METRICS,
  type Reading,
  type Sample,
} from "../../model/machine.ts";
import { misuse, refusing } from "../../refusal.ts";
import { duration } from "../../words/duration.ts";
import { type Column, columnOf, isPercent, oddValue, unknownColumn } from "./csv-columns.ts";
import type { History, Span } from "./history.ts";

const MOST_PROBLEMS = 20;
const CHUNK = 1 << 20;
const ABSENT: Reading = { unavailable: "the file has no such column" };
const NO_FIGURE: Reading = { unavailable: "the file has no figure for it" };
const IS_EMPTY = /^(\[?(n\/a|not supported|nan|null|-)?\]?)$/i;
/** What a number of milliseconds since 1970 has been at least since 2001; seconds stay below for ages. */
const LEAST_MS = 1e12;

interface Row {
  line: number;
  atMs: number;
  cells: string[];
}

/** @throws Refusal (exit code 2) with every problem, or when the file can't be read. */
export function csvHistory(path: string, asked: Partial<Span> = {}): History & { paceSeconds: number } {
  const found = checked(path, asked);
  if (found.problems.length > 0) throw misuse(found.problems.join("\n"));
  if (found.count === 0) throw misuse(`${path}: there is no row within this time.`);
  return {
    span: { fromMs: found.firstMs, untilMs: found.lastMs + 1 },
    count: found.count,
    paceSeconds: found.paceMs / 1000,
    jobs: [],
    runs: [],
    events: [],
    doubts: found.doubts,
    *samples() {
      for (const row of rowsOf(path, asked)) yield sampleOf(row, found.columns);
    },
  };
}

type Columns = (Column | null)[];

function checked(path: string, asked: Partial<Span>) {
  const [columns, problems] = readHeader(path);
  const most = columns.map(() => 0);
  const steps = new Map<number, number>();
  let [count, firstMs, lastMs, before] = [0, 0, 0, null as Row | null];
  const say = (row: number, column: number, text: string): void => {
    if (problems.length < MOST_PROBLEMS) problems.push(`${path}:${row}:${column}: ${text}`);
  };
  if (problems.length === 0)
    for (const row of rowsOf(path, asked)) {
      checkRow(row, before, columns, say);
      row.cells.forEach((cell, at) => {
        most[at] = Math.max(most[at] ?? 0, Number(cell) || 0);
      });
      if (before !== null) {
        const step = row.atMs - before.atMs;
        steps.set(step, (steps.get(step) ?? 0) + 1);
      }
      if (count === 0) firstMs = row.atMs;
      lastMs = row.atMs;
      count += 1;
      before = row;
      if (problems.length >= MOST_PROBLEMS) break;
    }
  const [paceMs = 1000] = [...steps].sort((a, b) => b[1] - a[1])[0] ?? [];
  const doubts = columns.flatMap((column, at) =>
    column !== null && isPercent(column.metric) && (most[at] ?? 0) > 0 && (most[at] ?? 0) <= 1
      ? `Column ${at + 1} (${column.metric}) never exceeds 1: it must be in percent, and looks like a share.`
      : [],
  );
  if (paceMs > 3000) doubts.push(`It has a row every ${duration(paceMs)}: each stands until the next.`);
  return { columns, problems, doubts, count, firstMs, lastMs, paceMs };
}

function readHeader(path: string): [columns: Columns, problems: string[]] {
  const [header] = lines(path);
  const names = cellsOf(header?.text ?? "");
  const problems: string[] = [];
  const wrong = (at: number, text: string): void => void problems.push(`${path}:1:${at + 1}: ${text}`);
  if (names[0] !== "at") wrong(0, `the first column must be 'at', got '${names[0] ?? ""}'.`);
  const columns = names.map((name, at) => {
    if (at === 0) return null;
    if (names.indexOf(name) < at) wrong(at, `the column '${name}' is there twice.`);
    const column = columnOf(name);
    if (column === null) wrong(at, unknownColumn(name));
    return column;
  });
  if (names.length < 2) wrong(0, "there is no column with a metric, such as cpu.others.");
  return [columns, problems];
}

type Say = (row: number, column: number, text: string) => void;

function checkRow({ line, atMs, cells }: Row, before: Row | null, columns: Columns, say: Say): void {
  if (Number.isNaN(atMs)) say(line, 1, badTime(cells[0] ?? ""));
  else if (before !== null && atMs === before.atMs)
    say(line, 1, `it has the same time as line ${before.line}.`);
  else if (before !== null && atMs < before.atMs)
    say(line, 1, `time runs backwards: line ${before.line} is ${duration(before.atMs - atMs)} later.`);
  if (cells.length !== columns.length)
    say(line, cells.length, `it has ${cells.length} columns, the header has ${columns.length}.`);
  columns.forEach((column, at) => {
    const cell = cells[at] ?? "";
    if (column === null || IS_EMPTY.test(cell)) return;
    const value = Number(cell);
    const odd = Number.isFinite(value)
      ? oddValue(column.metric, value)
      : `${column.metric} is a number without a unit, got '${cell}'. Leave it empty where there is none.`;
    if (odd !== null) say(line, at + 1, odd);
  });
}

function badTime(text: string): string {
  const asked = "'at' is ISO 8601 with a time zone (2026-11-23T18:00:00Z), or milliseconds since 1970";
  if (/^\d{9,10}(\.\d+)?$/.test(text)) return `${asked}; '${text}' looks like seconds: multiply by 1000.`;
  return `${asked}, got '${text}'.`;
}

function timeOf(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) >= LEAST_MS ? Number(text) : Number.NaN;
  return /(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
}

function* rowsOf(path: string, { fromMs = -Infinity, untilMs = Infinity }: Partial<Span>): Generator<Row> {
  for (const { line, text } of lines(path)) {
    if (line === 1 || text.trim() === "") continue;
    const cells = cellsOf(text);
    const atMs = timeOf(cells[0] ?? "");
    if (atMs < fromMs || atMs >= untilMs) continue;
    yield { line, atMs, cells };
  }
}

const cellsOf = (text: string): string[] =>
  text.split(",").map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));

/** Without the mark that some programs put before UTF-8. */
function* lines(path: string): Generator<{ line: number; text: string }> {
  const file = refusing(`${path} can't be read`, () => openSync(path, "r"));
  try {
    const buffer = Buffer.alloc(CHUNK);
    const decoder = new TextDecoder();
    let [rest, line] = ["", 0];
    for (;;) {
      const read = refusing(`${path} can't be read`, () => readSync(file, buffer, 0, CHUNK, null));
      rest += decoder.decode(buffer.subarray(0, read), { stream: read > 0 });
      const parts = rest.split("\n");
      rest = read > 0 ? (parts.pop() ?? "") : "";
      for (const text of parts) yield { line: ++line, text: text.replace(/\r$/, "") };
      if (read === 0) return;
    }
  } finally {
    closeSync(file);
  }
}

function sampleOf({ atMs, cells }: Row, columns: Columns): Sample {
  const machine = Object.fromEntries(MACHINE_METRICS.map((name) => [name, ABSENT])) as Sample["machine"];
  const gpus = new Map<number, GpuSample>();
  columns.forEach((column, at) => {
    if (column === null) return;
    const cell = cells[at] ?? "";
    const reading = IS_EMPTY.test(cell) ? NO_FIGURE : { value: Number(cell), atMs };
    if (column.kind === "machine") {
      machine[column.metric] = reading;
      return;
    }
    const gpu = gpus.get(column.index) ?? bareGpu(column.index);
    gpus.set(column.index, gpu);
    gpu.metrics[column.metric] = reading;
  });
  return {
    at: { wallMs: atMs, monotonicMs: atMs },
    machine,
    gpus: [...gpus.values()],
    gpusUnavailable: null,
    runs: {},
    foreign: [],
  };
}

const bareGpu = (index: number): GpuSample => ({
  uuid: `gpu${index}`,
  index,
  name: `GPU ${index}`,
  device: { runtime: "cuda", number: index },
  memoryTotalMiB: ABSENT,
  memoryUsedMiB: ABSENT,
  powerLimitWatts: ABSENT,
  metrics: Object.fromEntries(GPU_METRICS.map((name) => [name, ABSENT])) as GpuSample["metrics"],
  processes: [],
});
