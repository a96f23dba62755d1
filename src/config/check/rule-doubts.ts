/** Doubts about a valid rule: it would pause a job for the job's own work, or its thresholds can't be meant so. Pure. */
import { formatPath } from "../problem.ts";
import type { Rule } from "../schema/schema.ts";
import type { Finding } from "./explain.ts";

/** Metrics that contain the job's own use, and what to watch instead. */
const COUNTS_OURSELVES: Record<string, { above: boolean; instead: string }> = {
  "cpu.total": { above: true, instead: "cpu.others" },
  "pressure.cpu.some": { above: true, instead: "cpu.others" },
  "pressure.cpu.full": { above: true, instead: "cpu.others" },
  "gpu.utilization": { above: true, instead: "gpu.others.utilization" },
  "gpu.memory.freeMiB": { above: false, instead: "gpu.newcomers.memoryMiB" },
};

/** A doubt about one key of a rule. */
type Doubt = [key: string, sentence: string];

/** `memoryMiB`: what this machine has. */
export function ruleWarnings(rule: Rule, path: (string | number)[], memoryMiB: number): Finding[] {
  const doubts = [...pointless(rule), ...unreachable(rule, memoryMiB), ...asShare(rule), ...gapless(rule)];
  return doubts.map(([key, sentence]) => {
    const here = [...path, ...key.split(".")];
    return { path: here, message: `${formatPath(here)} ${sentence}` };
  });
}

/** Pauses that the job's own use would cause, or that would free nothing. */
function pointless({ metric, above, action }: Rule): Doubt[] {
  const found: Doubt[] = [];
  const own = COUNTS_OURSELVES[metric];
  if (own !== undefined && own.above === (above !== undefined) && action !== "notify")
    found.push([
      "metric",
      `counts the job's own use, so this rule would pause a job for its own work. Use "${own.instead}".`,
    ]);
  if (action === "freeze" && /memory|swap|disk/i.test(metric) && !metric.startsWith("pressure"))
    found.push(["action", `can't help: a frozen job keeps its memory. Use "pause".`]);
  return found;
}

function unreachable({ metric, above, below, clear }: Rule, memoryMiB: number): Doubt[] {
  const { least, most } = range(metric, memoryMiB);
  const found: Doubt[] = [];
  const here = /^memory\..*MiB$/.test(metric) ? " on this machine" : "";
  const atMost = `${metric} is at most ${most}${here}.`;
  if (above !== undefined && above >= most) found.push(["above", `can't be reached: ${atMost}`]);
  if (below !== undefined && below <= least)
    found.push(["below", `can't be reached: ${metric} is at least ${least}.`]);
  const never = "can't be reached, so what this rule pauses would stay paused";
  if (clear.below !== undefined && clear.below <= least)
    found.push(["clear.below", `${never}: ${metric} is at least ${least}.`]);
  if (clear.above !== undefined && clear.above >= most) found.push(["clear.above", `${never}: ${atMost}`]);
  return found;
}

/** Thresholds from 0 to 1 for a metric in percent. Less than 1 % of the time is a fair measure of stalls, though. */
function asShare({ metric, above, below, clear }: Rule): Doubt[] {
  const isShare = (value = 0): boolean => value > 0 && value < 1;
  const [key, value] = above === undefined ? ["below", below] : ["above", above];
  if (!isPercent(metric) || metric.startsWith("pressure") || !isShare(value)) return [];
  if (!isShare(clear.above ?? clear.below)) return [];
  const percent = Number(((value ?? 0) * 100).toPrecision(12));
  return [
    [key, `is in percent, so ${value} is less than 1 %. Write ${percent} if a share of ${value} is meant.`],
  ];
}

/** Without hysteresis a reading near the threshold flaps. */
function gapless({ above, below, clear, action }: Rule): Doubt[] {
  const clears = clear.above ?? clear.below;
  if (clears !== (below ?? above) || clear.forSeconds >= 5 || action === "notify") return [];
  return [
    [
      "clear",
      `leaves no hysteresis: a reading near ${clears} would pause and resume over and over. Move the two apart, or make 'clear.forSeconds' longer.`,
    ],
  ];
}

const isPercent = (metric: string): boolean =>
  /^(cpu|pressure)\.|[pP]ercent$|\.utilization$|\.idle$/.test(metric);

function range(metric: string, memoryMiB: number): { least: number; most: number } {
  if (metric === "gpu.temperature") return { least: -50, most: 150 };
  if (metric === "gpu.throttled") return { least: 0, most: 1 };
  if (/^memory\..*MiB$/.test(metric)) return { least: 0, most: memoryMiB };
  return { least: 0, most: isPercent(metric) ? 100 : Infinity };
}
