/** Each GPU as lines: use, memory, temperature and power. Pure. */

import type { RuleView, Snapshot } from "../../control/protocol.ts";
import type { GpuMetric, GpuSample } from "../../model/machine.ts";
import { whole, wholePercent } from "../../words/number.ts";
import { size, sizeOf } from "../../words/size.ts";
import { measured, reasonOf } from "../readings.ts";
import { gaugeBar } from "./bars.ts";
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
import { type Line, span } from "./lines.ts";

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
  const name = `gpu ${gpu.index}`;
  const use = gpuValue(gpu, "gpu.utilization");
  if (use === null) {
    return unknownGauge(name, reasonOf(gpu.metrics["gpu.utilization"]) ?? "no reading", width);
  }
  const reading = gpu.metrics["gpu.others.utilization"];
  const others = Math.min(use, measured(reading) ?? 0);
  const ours = "value" in reading ? Math.max(0, use - Math.max(others, reading.upTo ?? 0)) : 0;
  const share = (percents: number): number => percents / 100;
  const shares = { others: share(others), ours: share(ours), doubtful: share(use - others - ours) };
  const marks = [
    ...marksOf(ownRules(snapshot, gpu, ["gpu.others.utilization"]), "others", share),
    ...marksOf(ownRules(snapshot, gpu, ["gpu.utilization"]), "total", share),
  ];
  const parts = [
    [span(wholePercent(use).padStart(5), "strong")] as Line,
    othersPart(reading, "%"),
    vram === "same line" ? vramPart(gpu) : oursPart(wholePercent(ours)),
    temperaturePart(snapshot, gpu),
    powerPart(gpu),
    [span(shorten(gpu.name, 28), "faint")] as Line,
  ];
  return gauge(label(name, pressed(snapshot, gpu)), gaugeBar(shares, marks, barCells(width)), parts, width);
}

function vramLine(snapshot: Snapshot, gpu: GpuSample, width: number): Line {
  const whole = measured(gpu.memoryTotalMiB);
  const used = measured(gpu.memoryUsedMiB);
  if (whole === null || used === null || whole <= 0) {
    const reason = reasonOf(gpu.memoryUsedMiB) ?? reasonOf(gpu.memoryTotalMiB) ?? "size not known";
    return unknownGauge("  vram", reason, width);
  }
  const reading = gpu.metrics["gpu.others.memoryMiB"];
  const held = gpu.processes.filter((process) => process.ours !== null);
  const ours = Math.min(used, sum(held.map((process) => process.gpuMemoryMiB ?? 0)));
  const others = Math.min(used - ours, measured(reading) ?? 0);
  const shares = { others: others / whole, ours: ours / whole, doubtful: (used - ours - others) / whole };
  const marks = [
    ...marksOf(ownRules(snapshot, gpu, ["gpu.others.memoryMiB"]), "others", (at) => at / whole),
    ...marksOf(ownRules(snapshot, gpu, ["gpu.memory.freeMiB"]), "total", (at) => 1 - at / whole),
  ];
  const parts = [
    [span(wholePercent((used / whole) * 100).padStart(5), "strong")] as Line,
    othersPart(reading, "MiB"),
    oursPart(size(ours)),
    [span(`${sizeOf(used, whole)} used`, "faint")] as Line,
  ];
  return gauge(label("  vram", false), gaugeBar(shares, marks, barCells(width)), parts, width);
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
