/** Pages that take the whole screen: help, the whole why of a job, its log. Pure. */

import type { JobView } from "../../../control/protocol.ts";
import type { Checkpoint } from "../../../model/run.ts";
import { elapsed } from "../../../words/duration.ts";
import { costsText, usesText } from "../../../words/figure.ts";
import { metric, number, percent } from "../../../words/number.ts";
import { whoseProcess } from "../../../words/sentences/process.ts";
import { reasonText } from "../../../words/sentences/why/why.ts";
import { waitAndComing } from "../../../words/sentences/why/why-next.ts";
import { bytes, size } from "../../../words/size.ts";
import { clockTime, timeAndComing } from "../../../words/time.ts";
import { pad, shorten, wrap } from "../../draw/cells.ts";
import { type Line, span } from "../../draw/lines.ts";
import { doneAtMs, metricOf, nextOf, sharePercent, stepOf, toneOf } from "../../job-words.ts";
import type { Screen } from "../screen.ts";

const HELP: [keys: string, meaning: string][] = [
  ["↑ ↓  j k", "select a job; PgUp PgDn, Home End: further"],
  ["Enter", "all of the selected job: its runs, pauses and checkpoints, the last hour, the end of its log"],
  ["p", "pause the selected job: it saves its state and ends; by hand, so it stays until you resume it"],
  ["r", "resume it; also a job that a rule or a window keeps back"],
  ["x", "end it for good: asks before"],
  ["/", "list only jobs whose name, state or command holds what you type; Enter keeps it, Esc lists all"],
  ["s", "sort: as configured, by name, newest change, CPU, progress"],
  ["w", "why it is as it is, and what is expected next"],
  ["l", "its log; End follows the end"],
  ["q", "leave the dashboard; supervisor and jobs go on"],
  ["Ctrl-C", "asks whether to leave, or to pause all jobs and stop the supervisor"],
  ["Ctrl-Z", "suspends the dashboard; fg in the shell brings it back"],
  ["Esc", "back; in the list of jobs, lists all of them again"],
];

const BARS: [sign: string, meaning: string][] = [
  ["▒", "used by others: other people and other programs"],
  ["█", "used by our jobs"],
  ["░", "used, but it can't be told by whom"],
  ["│", "a rule's threshold on others' use: it acts when ▒ reaches it"],
  ["┃", "a rule's threshold on the total"],
  ["!", "a rule is in pressure now"],
];

/** A key or sign and what it means, wrapped beside it. */
function explained(rows: [string, string][], width: number): Line[] {
  return rows.flatMap(([sign, meaning]) =>
    wrap(meaning, Math.max(8, width - 12)).map((text, index) => [
      span(pad(index === 0 ? ` ${sign}` : "", Math.min(12, width)), "key"),
      span(text),
    ]),
  );
}

export const helpPage = (width: number): Line[] => [
  ...explained(HELP, width),
  [span(" ")],
  [span("Bars", "strong")],
  ...explained(BARS, width),
];

/** All that is known of why a job is as it is. */
export function whyPage(job: JobView, nowMs: number, width: number): Line[] {
  const lines: Line[] = [];
  const add = (
    label: string,
    text: string,
    tone: "plain" | "faint" | "warn" | "bad" | "good" = "plain",
  ): void => {
    if (text === "") return;
    for (const [index, part] of wrap(text, Math.max(8, width - 12)).entries()) {
      lines.push([span(pad(index === 0 ? label : "", Math.min(12, width)), "faint"), span(part, tone)]);
    }
  };
  const tone = toneOf(job);
  add(
    "state",
    `${job.state} since ${clockTime(job.sinceMs, nowMs)} (${elapsed(nowMs - job.sinceMs)})`,
    tone === "good" || tone === "warn" || tone === "bad" ? tone : "plain",
  );
  add("why", reasonText(job.why, nowMs));
  for (const waiting of job.why.waitingFor) {
    add(waiting.code === "manual" ? "by hand" : "waits for", waitAndComing(waiting, nowMs));
    for (const process of waiting.processes ?? []) add("", processWords(process), "faint");
  }
  add("next", nextOf(job, nowMs), "good");
  for (const { command, does } of job.why.sooner ?? []) add("sooner", `${command}: ${does}`, "good");
  add("progress", progressWords(job, nowMs));
  add("checkpoint", job.checkpoint === null ? "none yet" : checkpointWords(job.checkpoint, nowMs));
  add("run", runWords(job));
  for (const [label, text] of costLines(job)) add(label, text);
  if (job.service === undefined) add("command", job.command.join(" "), "faint");
  if (job.folder !== undefined) add("folder", job.folder, "faint");
  if (job.service !== undefined) add("service", job.service, "faint");
  return lines;
}

export function processWords(process: {
  pid: number;
  user: string;
  command: string;
  container?: { name: string; image?: string };
  cpuPercent?: number;
  memoryMiB?: number;
  gpuPercent?: number;
  gpuMemoryMiB?: number;
}): string {
  const uses = [
    process.cpuPercent === undefined ? "" : `cpu ${percent(process.cpuPercent)}`,
    process.memoryMiB === undefined ? "" : size(process.memoryMiB),
    process.gpuPercent === undefined ? "" : `gpu ${percent(process.gpuPercent)}`,
    process.gpuMemoryMiB === undefined ? "" : `vram ${size(process.gpuMemoryMiB)}`,
  ].filter((use) => use !== "");
  return `${shorten(process.command, 60)}, pid ${process.pid}, ${whoseProcess(process)}${uses.length > 0 ? `: ${uses.join(", ")}` : ""}`;
}

function progressWords(job: JobView, nowMs: number): string {
  const done = doneAtMs(job, nowMs);
  const pace = job.stepsPerSecond;
  return [
    sharePercent(job),
    stepOf(job),
    metricOf(job),
    pace === null || job.state !== "running" ? "" : `${metric(pace)} steps/s`,
    done === null ? "" : `done about ${timeAndComing(done, nowMs)}`,
  ]
    .filter((part) => part !== "")
    .join(", ");
}

export function checkpointWords(checkpoint: Checkpoint, nowMs: number): string {
  const verified = {
    full: "verified",
    quick: "sizes checked, hashes not yet",
    "size and age only": "checked by size and age only",
  }[checkpoint.verified];
  const step = checkpoint.step === null ? "" : `step ${number(checkpoint.step)}, `;
  return `${step}${bytes(checkpoint.bytes)}, ${clockTime(checkpoint.createdAtMs, nowMs)} (${elapsed(nowMs - checkpoint.createdAtMs)} ago), ${verified}`;
}

function runWords(job: JobView): string {
  if (job.run === null) return "never ran";
  const pid = job.pid === null ? "" : `, pid ${job.pid}`;
  return `number ${number(job.run)}${pid}, pauses by ${job.method}, priority ${job.priority}`;
}

/** What was learned of it: "costs" and "uses", each where there is any. */
export const costLines = (job: JobView): [label: string, text: string][] =>
  (
    [
      ["costs", costWords(job)],
      ["uses", usesText(job.learned)],
    ] satisfies [string, string][]
  ).filter(([, text]) => text !== "");

function costWords({ learned, balance }: JobView): string {
  const { productiveMs, overheadMs } = balance;
  const all = productiveMs + overheadMs;
  const share = all > 0 ? `pauses by rules have cost ${percent((overheadMs / all) * 100)} of its time` : "";
  return [costsText(learned), share].filter((part) => part !== "").join("; ");
}

/** Long lines go on in the next row; nothing of a log is cut off. */
export function logPage(screen: Screen, width: number): Line[] {
  const { log } = screen;
  if (log === null) return [[span("reading…", "faint")]];
  if ("unreadable" in log)
    return wrap(`no log: ${log.unreadable}`, width).map((text) => [span(text, "warn")]);
  if (log.lines.length === 0) return [[span("nothing in the log yet", "faint")]];
  return log.lines.flatMap((line) =>
    line === "" ? [[span(" ")]] : wrap(line, width).map((text) => [span(text)]),
  );
}
