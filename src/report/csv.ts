/** The report as CSV (RFC 4180): one row a job, one for all; figures in the unit of their name. Pure. */
import type { Report, Totals } from "./report.ts";
import { SPAN_STATES } from "./span.ts";

type Cell = string | number | null;

const seconds = (ms: number): number => ms / 1000;

const FIELDS: [name: string, value: (totals: Totals) => Cell][] = [
  ["spanSeconds", ({ spanMs }) => seconds(spanMs)],
  ...SPAN_STATES.map((state): [string, (totals: Totals) => Cell] => [
    `${state}Seconds`,
    ({ timesMs }) => seconds(timesMs[state]),
  ]),
  ["pauses", ({ pauses }) => pauses],
  ["pauseCostSeconds", ({ pauseCostMs }) => seconds(pauseCostMs)],
  ["stepsLostByPauses", ({ stepsLost }) => stepsLost.byPauses],
  ["stepsLostOtherwise", ({ stepsLost }) => stepsLost.otherwise],
  ["endsWithUncountedSteps", ({ stepsLost }) => stepsLost.uncounted],
];

export function csvOf({ jobs, all }: Report): string {
  const rows: [string, Totals][] = [...jobs.map((one): [string, Totals] => [one.job, one]), ["", all]];
  return [
    row(["job", ...FIELDS.map(([name]) => name)]),
    ...rows.map(([job, totals]) => row([job, ...FIELDS.map(([, value]) => value(totals))])),
  ].join("\r\n");
}

const row = (cells: Cell[]): string => cells.map(quoted).join(",");

/** A spreadsheet takes a text that begins with one of these for a formula. */
function quoted(cell: Cell): string {
  if (cell === null) return "";
  if (typeof cell === "number") return String(cell);
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n']/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
