/** Each GPU as lines: use, memory, temperature and power. Pure. */
import type { GpuMetric, GpuSample } from "../model.ts";
import type { Snapshot } from "../protocol.ts";
import { pad, shorten } from "./cells.ts";
import { measured, mebibytes, mebibytesOf, percent, reasonOf } from "./format.ts";
import { gauge, LABEL_CELLS, marksOf, othersPart, sum, unknownGauge } from "./gauge.ts";
import { type Line, span } from "./lines.ts";

export const gpuValue = (gpu: GpuSample, metric: GpuMetric): number | null => measured(gpu.metrics[metric]);

/** The GPU's use, and its memory on a line of its own. */
export function gpuLines(snapshot: Snapshot, gpu: GpuSample, width: number): Line[] {
  const whole = measured(gpu.memoryTotalMiB);
  const used = measured(gpu.memoryUsedMiB);
  const line = gpuLine(snapshot, gpu, width, "own line");
  if (whole === null || used === null || whole <= 0) {
    const reason = reasonOf(gpu.memoryUsedMiB) ?? reasonOf(gpu.memoryTotalMiB) ?? "size not known";
    return [line, unknownGauge("  vram", reason, width)];
  }
  const othersKnown = gpuValue(gpu, "gpu.others.memoryMiB");
  const ours = Math.min(
    used,
    sum(gpu.processes.filter((p) => p.ours !== null).map((p) => p.gpuMemoryMiB ?? 0)),
  );
  const others = Math.min(used - ours, othersKnown ?? 0);
  const shares = { others: others / whole, ours: ours / whole, doubtful: (used - ours - others) / whole };
  const marks = [
    ...marksOf(snapshot.rules, "gpu.others.memoryMiB", "others", (at) => at / whole, gpu.uuid),
    ...marksOf(snapshot.rules, "gpu.memory.freeMiB", "total", (at) => 1 - at / whole, gpu.uuid),
  ];
  const parts: Line[] = [
    [span(percent((used / whole) * 100).padStart(5), "strong")],
    othersPart(gpu.metrics["gpu.others.memoryMiB"], "MiB"),
    [span(pad(`ours ${mebibytes(ours)}`, 14), "ours")],
    [span(`${mebibytesOf(used, whole)} used`, "faint")],
  ];
  return [line, gauge("  vram", shares, marks, parts, width)];
}

export function gpuLine(
  snapshot: Snapshot,
  gpu: GpuSample,
  width: number,
  vram: "same line" | "own line" = "same line",
): Line {
  const label = `gpu ${gpu.index}`;
  const use = gpuValue(gpu, "gpu.utilization");
  if (use === null)
    return unknownGauge(label, reasonOf(gpu.metrics["gpu.utilization"]) ?? "no reading", width);
  const others = Math.min(use, gpuValue(gpu, "gpu.others.utilization") ?? 0);
  const certain = "value" in gpu.metrics["gpu.others.utilization"];
  const ours = certain ? use - others : 0;
  const shares = { others: others / 100, ours: ours / 100, doubtful: (use - others - ours) / 100 };
  const marks = [
    ...marksOf(snapshot.rules, "gpu.others.utilization", "others", (at) => at / 100, gpu.uuid),
    ...marksOf(snapshot.rules, "gpu.utilization", "total", (at) => at / 100, gpu.uuid),
  ];
  const parts: Line[] = [
    [span(percent(use).padStart(5), "strong")],
    othersPart(gpu.metrics["gpu.others.utilization"], "%"),
    ...(vram === "same line" ? [vramPart(gpu)] : [[span(pad(`ours ${percent(ours)}`, 14), "ours")] as Line]),
    temperaturePart(snapshot, gpu),
    powerPart(gpu),
    [span(shorten(gpu.name, 28), "faint")],
  ];
  return gauge(label, shares, marks, parts, width);
}

function vramPart(gpu: GpuSample): Line {
  const used = measured(gpu.memoryUsedMiB);
  const whole = measured(gpu.memoryTotalMiB);
  return used === null || whole === null ? [] : [span(pad(mebibytesOf(used, whole), 16))];
}

function temperaturePart(snapshot: Snapshot, gpu: GpuSample): Line {
  const celsius = gpuValue(gpu, "gpu.temperature");
  if (celsius === null) return [];
  const rule = snapshot.rules.find((view) => view.gpu === gpu.uuid && view.rule.metric === "gpu.temperature");
  const limit = rule?.rule.above;
  const text = `${Math.round(celsius)} °C${limit === undefined ? "" : ` of ${limit}`}`;
  return [span(text, rule?.firm === "pressure" ? "bad" : "plain")];
}

function powerPart(gpu: GpuSample): Line {
  const watts = gpuValue(gpu, "gpu.power");
  return watts === null ? [] : [span(`${String(Math.round(watts)).padStart(3)} W`)];
}

/** Several GPUs on a line, for small terminals: `0  93 % 18.2 GiB  71 °C`. */
export function gpuGrid(gpus: GpuSample[], width: number): Line[] {
  const cell = 24;
  const perLine = Math.max(1, Math.floor((width - LABEL_CELLS) / cell));
  const lines: Line[] = [];
  for (let at = 0; at < gpus.length; at += perLine) {
    const row = gpus.slice(at, at + perLine).map((gpu) => pad(shortGpu(gpu), cell));
    lines.push([span(pad(at === 0 ? "gpu" : "", LABEL_CELLS)), span(row.join(""))]);
  }
  return lines;
}

function shortGpu(gpu: GpuSample): string {
  const use = gpuValue(gpu, "gpu.utilization");
  const used = measured(gpu.memoryUsedMiB);
  const celsius = gpuValue(gpu, "gpu.temperature");
  const parts = [
    `${gpu.index}:`,
    use === null ? "?" : percent(use),
    used === null ? "" : mebibytes(used),
    celsius === null ? "" : `${Math.round(celsius)}°`,
  ];
  return parts.filter((part) => part !== "").join(" ");
}
