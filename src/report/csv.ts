/** The report as CSV (RFC 4180): one row a job, one for all; figures in the unit of their name. Pure. */
import type { EnergyOf } from "./energy/energy-report.ts";
import type { Bill } from "./energy/prices.ts";
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
  ["pauseCostSeconds", (totals) => (isUncosted(totals) ? null : seconds(totals.pauseCostMs))],
  ["pausesWithUnknownCost", ({ pausesWithUnknownCost }) => pausesWithUnknownCost],
  ["stepsLostByPauses", ({ stepsLost }) => stepsLost.byPauses],
  ["stepsLostOtherwise", ({ stepsLost }) => stepsLost.otherwise],
  ["endsWithUncountedSteps", ({ stepsLost }) => stepsLost.uncounted],
];

/** Of `total.kWh`, the parts without a price or a CO2 figure are in columns of their own. */
const ENERGY: [name: string, value: (of: EnergyOf) => Cell][] = [
  ["gpuKWh", ({ gpu }) => gpu.kWh],
  ["hostKWhEstimated", ({ host }) => host.kWh],
  ["cost", ({ total }) => (isUntold(total.unpricedKWh, total) ? null : total.cost)],
  ["gCO2", ({ total }) => (isUntold(total.kWhWithoutCO2, total) ? null : total.gCO2)],
  ["unpricedKWh", ({ total }) => total.unpricedKWh],
  ["kWhWithoutCO2", ({ total }) => total.kWhWithoutCO2],
  ["gpuGapSeconds", ({ gpuGapMs }) => seconds(gpuGapMs)],
  ["hostGapSeconds", ({ hostGapMs }) => seconds(hostGapMs)],
];

/** A zero would look like an answer. */
const isUncosted = ({ pauses, pausesWithUnknownCost }: Totals): boolean =>
  pauses > 0 && pausesWithUnknownCost === pauses;
const isUntold = (missingKWh: number, { kWh }: Bill): boolean => missingKWh > 0 && missingKWh >= kWh;

export function csvOf({ jobs, all, energy }: Report): string {
  const rows: [string, Totals][] = [...jobs.map((one): [string, Totals] => [one.job, one]), ["", all]];
  const energyOf = (job: string): EnergyOf | undefined =>
    job === "" ? energy?.all : energy?.jobs.find((one) => one.job === job);
  return [
    row(["job", ...FIELDS.map(([name]) => name), ...ENERGY.map(([name]) => name), "currency"]),
    ...rows.map(([job, totals]) => {
      const used = energyOf(job);
      const cells = ENERGY.map(([, value]) => (used === undefined ? null : value(used)));
      return row([job, ...FIELDS.map(([, value]) => value(totals)), ...cells, energy?.currency ?? null]);
    }),
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
