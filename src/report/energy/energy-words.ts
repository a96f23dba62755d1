/** The energy part of the report in words. Pure. */
import { duration } from "../../words/duration.ts";
import { energy, mass, money } from "../../words/energy.ts";
import { percent } from "../../words/number.ts";
import type { Comparison, EnergyOf, EnergyReport } from "./energy-report.ts";

/** Shorter gaps are between the last sample and now. */
const WORTH_TELLING_MS = 150_000;

/** "12.3 kWh (GPUs 11.9 kWh, host about 400 Wh by estimate), EUR 3.12, 4.1 kg CO2; GPU power not known for 2 h" */
export function energyText(of: EnergyOf, { currency }: Pick<EnergyReport, "currency">): string {
  const { gpu, host, total, gpuGapMs, hostGapMs } = of;
  // A zero would look like an answer.
  const gpus = gpu.kWh === 0 && gpuGapMs > 0 ? "not known" : energy(gpu.kWh);
  const hosts = host.kWh === 0 && hostGapMs > 0 ? "not known" : `about ${energy(host.kWh)} by estimate`;
  const parts = [`${energy(total.kWh)} (GPUs ${gpus}, host ${hosts})`];
  if (currency !== null && total.unpricedKWh < total.kWh) parts.push(money(total.cost, currency));
  if (total.kWhWithoutCO2 < total.kWh) parts.push(`${mass(total.gCO2)} CO2`);
  const gaps = [
    ...(currency !== null && total.unpricedKWh > 0 ? [`${energy(total.unpricedKWh)} without a price`] : []),
    ...(gpuGapMs > WORTH_TELLING_MS ? [`GPU power not known for ${duration(gpuGapMs)}`] : []),
    ...(hostGapMs > WORTH_TELLING_MS ? [`CPU use not known for ${duration(hostGapMs)}`] : []),
  ];
  return [parts.join(", "), ...gaps].join("; ");
}

const WAYS: Record<Comparison["way"], string> = {
  neverPausing: "without any pause",
  onlyWindows: "at once, pausing only outside its windows",
};

/** "without any pause: EUR 4.10, so EUR 0.98 (23.9 %) was saved; it would have been done 3 h earlier" */
export function comparisonText(one: Comparison, { currency }: Pick<EnergyReport, "currency">): string {
  const { way, bill, saved, savedPercent, laterMs, doneMs } = one;
  if (doneMs === null) return `${WAYS[way]}: its windows would not have let it be done within 60 days`;
  const cost = currency === null || saved === null ? energy(bill.kWh) : money(bill.cost, currency);
  const share = savedPercent === null ? "" : ` (${percent(Math.abs(savedPercent))})`;
  const gain =
    currency === null || saved === null
      ? ""
      : `, so ${money(Math.abs(saved), currency)}${share} ${saved < 0 ? "was paid more" : "was saved"}`;
  return `${WAYS[way]}: ${cost}${gain}; it would have been done ${whenText(laterMs)}`;
}

/** `laterMs`: how much later it was done than that. */
function whenText(laterMs: number | null): string {
  if (laterMs === null) return "at a time that isn't known";
  if (Math.abs(laterMs) < 1000) return "at the same time";
  return `${duration(Math.abs(laterMs))} ${laterMs > 0 ? "earlier" : "later"}`;
}
