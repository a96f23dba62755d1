/** Each GPU as lines: use, memory, temperature and power. Pure. */

import type { RuleView, Snapshot } from "../../control/protocol.ts";
import type { GpuMetric, GpuSample, Reading } from "../../model/machine.ts";
import { whole, wholePercent } from "../../words/number.ts";
import { size, sizeOf } from "../../words/size.ts";
import { measured, reasonOf } from "../readings.ts";
import { gaugeBar, sharesOf } from "./bars.ts";
import { pad, shorten } from "./cells.ts";
import {
  anyPresses,
  barCells,
  gauge,
  LABEL_CELLS,
  label,
  marksOf,
  othersPart,
  oursPart,
  rulesOn,
  sum,
  unknownGauge,
} from "./gauge.ts";
import { joinFitting, type Line, span } from "./lines.ts";

export const gpuValue = (gpu: GpuSample, metric: GpuMetric): number | null => measured(gpu.metrics[metric]);

const ownRules = (snapshot: Snapshot, gpu: GpuSample, metrics: GpuMetric[]): RuleView[] =>
  rulesOn(snapshot.rules, metrics, gpu.uuid);

const pressed = (snapshot: Snapshot, gpu: GpuSample): boolean =>
  anyPresses(snapshot.rules.filter((view) => view.gpu === gpu.uuid));

/** The GPU's use, and its memory on a line of its own. */
export const gpuLines = (snapshot: Snapshot, gpu: GpuSample, width: number): Line[] => [
  gpuLine(snapshot, gpu, width, "own line"),
  vramLine(snapshot, gpu, width),
];

/** The GPU's use; with `same line`, also how full its memory is. */
export function gpuLine(
  snapshot: Snapshot,
  gpu: GpuSample,
  width: number,
  vram: "same line" | "own line" = "same line",
): Line {
  const name = label(`gpu ${gpu.index}`, pressed(snapshot, gpu));
  const use = gpuValue(gpu, "gpu.utilization");
  const reading = gpu.metrics["gpu.others.utilization"];
  const ours = seenOf(gpu, "gpuPercent", 100);
  const untold = reasonOf(gpu.metrics["gpu.utilization"]) ?? "no reading";
  const parts = [
    [span((use === null ? "?" : wholePercent(use)).padStart(5), "strong")] as Line,
    othersPart(reading, "%"),
    ...(vram === "same line"
      ? [vramPart(gpu)]
      : [oursPart(ours === null ? "?" : wholePercent(ours)), overlapPart(use ?? 100, ours, reading)]),
    (use === null ? [span(untold, "faint")] : []) as Line,
    temperaturePart(snapshot, gpu),
    powerPart(gpu),
    [span(shorten(gpu.name, 28), "faint")] as Line,
  ];
  if (use === null && "unavailable" in reading) return unknownGauge(`gpu ${gpu.index}`, untold, width);
  const share = (percents: number): number => percents / 100;
  const marks = [
    ...marksOf(ownRules(snapshot, gpu, ["gpu.others.utilization"]), "others", share),
    ...marksOf(ownRules(snapshot, gpu, ["gpu.utilization"]), "total", share),
  ];
  const bar = gaugeBar(sharesOf(use, ours, measured(reading), 100), marks, barCells(width));
  return gauge(name, bar, parts, width);
}

/** What our processes are seen to use; null where one of them doesn't show it, or none can be told. `most`: of all together. */
function seenOf(gpu: GpuSample, figure: "gpuPercent" | "gpuMemoryMiB", most: number): number | null {
  if ("unavailable" in gpu.metrics["gpu.others.memoryMiB"]) return null;
  const figures = gpu.processes.filter(({ ours }) => ours !== null).map((process) => process[figure]);
  return figures.every((one) => one !== undefined) ? Math.min(most, sum(figures)) : null;
}

/**
 * Each process is measured over a period of its own, and several may run at once (on engines of their own, under
 * MPS): together they may come to more than the GPU does. `used`: what the GPU does, or could do at most.
 */
const overlapPart = (used: number, ours: number | null, others: Reading): Line =>
  (ours ?? 0) + (measured(others) ?? 0) > used + 1 ? [span("parts overlap", "faint")] : [];

function vramLine(snapshot: Snapshot, gpu: GpuSample, width: number): Line {
  const whole = measured(gpu.memoryTotalMiB);
  const used = measured(gpu.memoryUsedMiB);
  const reading = gpu.metrics["gpu.others.memoryMiB"];
  const ours = seenOf(gpu, "gpuMemoryMiB", whole ?? Number.POSITIVE_INFINITY);
  const seen = [othersPart(reading, "MiB"), oursPart(ours === null ? "?" : size(ours))];
  const name = label("  vram", false);
  if (whole === null || used === null) {
    const reason = reasonOf(gpu.memoryUsedMiB) ?? reasonOf(gpu.memoryTotalMiB) ?? "size not known";
    if ("unavailable" in reading) return unknownGauge("  vram", reason, width);
    return [...name, ...joinFitting([...seen, [span(reason, "faint")]], width - LABEL_CELLS)];
  }
  const marks = [
    ...marksOf(ownRules(snapshot, gpu, ["gpu.others.memoryMiB"]), "others", (at) => at / whole),
    ...marksOf(ownRules(snapshot, gpu, ["gpu.memory.freeMiB"]), "total", (at) => 1 - at / whole),
  ];
  const parts = [
    [span(wholePercent((used / whole) * 100).padStart(5), "strong")] as Line,
    ...seen,
    overlapPart(used, ours, reading),
    [span(`${sizeOf(used, whole)} used`, "faint")] as Line,
  ];
  const bar = gaugeBar(sharesOf(used, ours, measured(reading), whole), marks, barCells(width));
  return gauge(name, bar, parts, width);
}

function vramPart(gpu: GpuSample): Line {
  const used = measured(gpu.memoryUsedMiB);
  const whole = measured(gpu.memoryTotalMiB);
  return used === null || whole === null ? [] : [span(sizeOf(used, whole).padEnd(16))];
}

/** `91 °C of 90` */
function temperaturePart(snapshot: Snapshot, gpu: GpuSample): Line {
  const celsius = gpuValue(gpu, "gpu.temperature");
  if (celsius === null) return [];
  const [rule] = ownRules(snapshot, gpu, ["gpu.temperature"]);
  const limit = rule?.rule.above;
  const text = `${whole(celsius)} °C${limit === undefined ? "" : ` of ${limit}`}`;
  return [span(text, rule?.firm === "pressure" ? "bad" : "plain")];
}

function powerPart(gpu: GpuSample): Line {
  const watts = gpuValue(gpu, "gpu.power");
  return watts === null ? [] : [span(`${whole(watts).padStart(3)} W`)];
}

const GRID_CELLS = 24;

/** Several GPUs on a line, for small terminals: `0: 93 % 18.2 GiB 71°`. */
export function gpuGrid(snapshot: Snapshot, width: number): Line[] {
  const { gpus } = snapshot;
  const perLine = Math.max(1, Math.floor((width - LABEL_CELLS) / GRID_CELLS));
  const lines: Line[] = [];
  for (let at = 0; at < gpus.length; at += perLine) {
    const row = gpus.slice(at, at + perLine).map((gpu) => {
      const pressing = pressed(snapshot, gpu);
      return span(pad(shortGpu(gpu, pressing ? "!" : ":"), GRID_CELLS), pressing ? "bad" : "plain");
    });
    lines.push([...label(at === 0 ? "gpu" : "", false), ...row]);
  }
  return lines;
}

function shortGpu(gpu: GpuSample, sign: string): string {
  const use = gpuValue(gpu, "gpu.utilization");
  const used = measured(gpu.memoryUsedMiB);
  const celsius = gpuValue(gpu, "gpu.temperature");
  const parts = [
    `${gpu.index}${sign}`,
    use === null ? "?" : wholePercent(use),
    used === null ? "" : size(used),
    celsius === null ? "" : `${whole(celsius)}°`,
  ];
  return parts.filter((part) => part !== "").join(" ");
}
