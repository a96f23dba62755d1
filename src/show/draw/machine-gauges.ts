/**
 * The machine as lines: CPU, memory, stalls and each GPU, with others' share, ours and the
 * thresholds. Pure. An unavailable reading says so in words; it is never drawn as zero.
 */

import type { Snapshot } from "../../control/protocol.ts";
import type { GpuSample, MachineMetric } from "../../model/machine.ts";
import { percent, whole, wholePercent } from "../../words/number.ts";
import { programOf } from "../../words/sentences/process.ts";
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
  othersReason,
  oursPart,
  rulesOn,
  sum,
  thresholdPart,
  unknownGauge,
} from "./gauge.ts";
import { gpuGrid, gpuLine, gpuLines, gpuValue } from "./gpu-gauges.ts";
import { clip, joinFitting, type Line, span } from "./lines.ts";
import { besideTrends, type Trends, withTrend } from "./trend.ts";

/** Metrics of the third line. */
const STALLS: MachineMetric[] = [
  "pressure.cpu.some",
  "pressure.cpu.full",
  "pressure.memory.some",
  "pressure.memory.full",
  "pressure.io.some",
  "pressure.io.full",
  "swap.usedMiB",
  "disk.freeMiB",
  "battery.percent",
];

/** At most `rows` lines, none wider than `width`: the fullest of several forms that fits, with trends where known. */
export function gaugeLines(snapshot: Snapshot, width: number, rows: number, trends: Trends = {}): Line[] {
  if (rows < 1) return [];
  const inner = besideTrends(width, trends);
  const trended = (line: Line, name: string): Line =>
    inner === width ? line : withTrend(line, trends[name], width);
  const machine = [trended(cpuLine(snapshot, inner), "cpu"), trended(memoryLine(snapshot, inner), "memory")];
  const stalls = stallLine(snapshot, width);
  const gpus = snapshot.gpus;
  const long = (gpu: GpuSample): Line[] => {
    const [use = [], vram = []] = gpuLines(snapshot, gpu, inner);
    return [trended(use, gpu.uuid), vram];
  };
  const short = (gpu: GpuSample): Line => trended(gpuLine(snapshot, gpu, inner), gpu.uuid);
  const forms: (() => Line[])[] = [
    () => [...machine, stalls, ...gpus.flatMap(long)],
    () => [...machine, stalls, ...gpus.map(short)],
    () => [...machine, ...gpus.map(short)],
    () => [...machine, ...gpuGrid(snapshot, width)],
    () => [summaryLine(snapshot, width)],
  ];
  const missing =
    gpus.length === 0 || snapshot.gpusUnavailable !== null ? [missingLine(snapshot, width)] : [];
  for (const form of forms) {
    const lines = form();
    if (lines.length + missing.length <= rows) return [...lines, ...missing].map((line) => clip(line, width));
    if (lines.length <= rows) return lines.map((line) => clip(line, width));
  }
  return [summaryLine(snapshot, width)];
}

/** Lines the fullest form takes. */
export const gaugeRows = ({ gpus, gpusUnavailable }: Snapshot): number =>
  3 + (gpus.length === 0 ? 1 : gpus.length * 2 + (gpusUnavailable === null ? 0 : 1));

function cpuLine(snapshot: Snapshot, width: number): Line {
  const { machine, jobs } = snapshot;
  const total = measured(machine["cpu.total"]);
  if (total === null) return unknownGauge("cpu", reasonOf(machine["cpu.total"]) ?? "no reading", width);
  const ours = Math.min(total, sum(jobs.map((job) => measured(job.use?.cpuPercent) ?? 0)));
  const onOthers = rulesOn(snapshot.rules, ["cpu.others"]);
  const onTotal = rulesOn(snapshot.rules, ["cpu.total"]);
  const share = (percents: number): number => percents / 100;
  const marks = [...marksOf(onOthers, "others", share), ...marksOf(onTotal, "total", share)];
  const shares = sharesOf(total, ours, measured(machine["cpu.others"]), 100);
  const parts = [
    totalPart(total),
    othersPart(machine["cpu.others"], "%"),
    oursPart(wholePercent(ours)),
    thresholdPart([...onOthers, ...onTotal], percent),
    greediestPart(snapshot),
    othersReason(machine["cpu.others"]),
  ];
  const name = label("cpu", anyPresses([...onOthers, ...onTotal]));
  return gauge(name, gaugeBar(shares, marks, barCells(width)), parts, width);
}

const totalPart = (total: number): Line => [span(wholePercent(total).padStart(5), "strong")];

function greediestPart({ foreign }: Snapshot): Line {
  const [greediest] = foreign;
  if (greediest?.cpuPercent === undefined) return [];
  const { command, user, cpuPercent } = greediest;
  return [
    span(`${shorten(programOf(command), 20)} (${shorten(user, 12)}) ${wholePercent(cpuPercent)}`, "faint"),
  ];
}

function memoryLine(snapshot: Snapshot, width: number): Line {
  const { machine, jobs, rules } = snapshot;
  const free = measured(machine["memory.availableMiB"]);
  const freePercent = measured(machine["memory.availablePercent"]);
  if (free === null || freePercent === null || freePercent <= 0) {
    const reason = reasonOf(machine["memory.availableMiB"]) ?? reasonOf(machine["memory.availablePercent"]);
    return unknownGauge("memory", reason ?? "none is free", width);
  }
  const whole = free / (freePercent / 100);
  const used = Math.max(0, whole - free);
  const ours = Math.min(used, sum(jobs.map((job) => measured(job.use?.memoryMiB) ?? 0)));
  const others = Math.min(used - ours, measured(machine["memory.othersMiB"]) ?? 0);
  const shares = { others: others / whole, ours: ours / whole, doubtful: (used - ours - others) / whole };
  const onFree = rulesOn(rules, ["memory.availablePercent"]);
  const onFreeMiB = rulesOn(rules, ["memory.availableMiB"]);
  const onOthers = rulesOn(rules, ["memory.othersMiB"]);
  const marks = [
    ...marksOf(onFree, "total", (at) => 1 - at / 100),
    ...marksOf(onFreeMiB, "total", (at) => 1 - at / whole),
    ...marksOf(onOthers, "others", (at) => at / whole),
  ];
  const parts = [
    totalPart(100 - freePercent),
    othersPart(machine["memory.othersMiB"], "MiB"),
    oursPart(size(ours)),
    thresholdPart(onFree, (at) => `${percent(at)} free`),
    [span(`${sizeOf(free, whole)} free`, "faint")] as Line,
    othersReason(machine["memory.othersMiB"]),
  ];
  const name = label("memory", anyPresses([...onFree, ...onFreeMiB, ...onOthers]));
  return gauge(name, gaugeBar(shares, marks, barCells(width)), parts, width);
}

function stallLine(snapshot: Snapshot, width: number): Line {
  const { machine } = snapshot;
  const stalls = (["cpu", "memory", "io"] as const)
    .map((name) => [name, measured(machine[`pressure.${name}.some`])] as const)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${percent(value ?? 0)}`);
  const unavailable = reasonOf(machine["pressure.cpu.some"]);
  const amount = (metric: MachineMetric, text: (value: number) => string): Line => {
    const value = measured(machine[metric]);
    return value === null ? [] : [span(text(value))];
  };
  const parts: Line[] = [
    [
      span(
        stalls.length > 0 ? stalls.join("  ") : `unknown${unavailable === null ? "" : `: ${unavailable}`}`,
      ),
    ],
    amount("swap.usedMiB", (value) => `swap ${size(value)}`),
    amount("disk.freeMiB", (value) => `disk ${size(value)} free`),
    amount("battery.percent", (value) => `battery ${wholePercent(value)}`),
  ];
  const rest = joinFitting(parts, width - LABEL_CELLS);
  return [
    ...label("stalls", anyPresses(rulesOn(snapshot.rules, STALLS))),
    ...(rest.length > 0 ? rest : (parts[0] ?? [])),
  ];
}

/** Why there is no GPU, or which isn't read beside the others. */
function missingLine({ gpus, gpusUnavailable }: Snapshot, width: number): Line {
  const text = `${gpus.length === 0 ? "none" : "not read"}: ${gpusUnavailable ?? "no GPU was found"}`;
  return clip([span(pad("gpu", LABEL_CELLS)), span(text, "faint")], width);
}

/** Everything on one line. */
function summaryLine(snapshot: Snapshot, width: number): Line {
  const { machine } = snapshot;
  const cpu = measured(machine["cpu.total"]);
  const others = measured(machine["cpu.others"]);
  const free = measured(machine["memory.availablePercent"]);
  const gpus = snapshot.gpus.map((gpu) => {
    const use = gpuValue(gpu, "gpu.utilization");
    return use === null ? "?" : whole(use);
  });
  const parts: Line[] = [
    [span(cpu === null ? "cpu ?" : `cpu ${wholePercent(cpu)}`, "strong")],
    others === null ? [] : [span(`others ${wholePercent(others)}`, "others")],
    [span(free === null ? "memory ?" : `memory ${wholePercent(100 - free)}`, "strong")],
    gpus.length === 0 ? [] : [span(`gpu ${gpus.join("/")} %`, "strong")],
  ];
  return joinFitting(parts, width);
}
