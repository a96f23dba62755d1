/** The report for a terminal: plain tables, like those of `status`. Pure. */
import { type Actor, actorKind } from "../model/actor.ts";
import { cellsOf, pad, wrap } from "../show/draw/cells.ts";
import { neutral } from "../show/neutral.ts";
import { duration } from "../words/duration.ts";
import { plural } from "../words/list.ts";
import { number } from "../words/number.ts";
import { clockTime } from "../words/time.ts";
import { comparisonText, energyText } from "./energy/energy-words.ts";
import type { JobReport, OthersWaited, Report, Share, Totals } from "./report.ts";
import { SPAN_STATES, type SpanState } from "./span.ts";

/** No line wider than `width` columns, but for a table that can't be narrower. */
export function formatReport(report: Report, width: number): string {
  const { sinceMs, untilMs, jobs, notes } = report;
  const period = `${clockTime(sinceMs, untilMs)} to ${clockTime(untilMs, untilMs)}, ${duration(untilMs - sinceMs)}`;
  if (jobs.length === 0)
    return [`From ${period}: no job ran or waited.`, ...noteLines(notes, width)].join("\n");
  return [
    `From ${period}`,
    "",
    ...timesTable(report, width),
    ...shareLines(jobs),
    "",
    ...wrap(waitedText(report.othersWaited), width),
    ...energyLines(report, width),
    ...noteLines(notes, width),
  ].join("\n");
}

function energyLines({ energy }: Report, width: number): string[] {
  if (energy === undefined) return [];
  const lines = energy.jobs.flatMap((one) => [
    `${neutral(one.job)}: ${energyText(one, energy)}`,
    ...(one.instead ?? []).map((way) => `  ${comparisonText(way, energy)}`),
  ]);
  const all = energy.jobs.length > 1 ? [`all: ${energyText(energy.all, energy)}`] : [];
  return [
    "",
    "Energy",
    ...[...lines, ...all].flatMap((line) => wrap(line, width)),
    "",
    ...wrap(energy.method, width),
  ];
}

const noteLines = (notes: readonly string[], width: number): string[] =>
  notes.length === 0 ? [] : ["", ...notes.flatMap((note) => wrap(`! ${note}`, width))];

/** The words of a state's column. */
export const STATE_WORDS: Record<SpanState, string> = {
  running: "run",
  starting: "starting",
  pausing: "pausing",
  paused: "paused",
  standby: "standby",
  frozen: "frozen",
  waiting: "waiting",
  unwatched: "unwatched",
  ended: "ended",
};

export interface Column {
  head: string;
  cell: (totals: Totals) => string;
}

/** Times that no job had are left out. */
export function columnsOf({ all }: Report): Column[] {
  const times = SPAN_STATES.filter(
    (state) => state === "running" || state === "paused" || all.timesMs[state] > 0,
  );
  return [
    { head: "in all", cell: ({ spanMs }) => duration(spanMs) },
    ...times.map((state) => ({
      head: STATE_WORDS[state],
      cell: ({ timesMs }: Totals) => (timesMs[state] === 0 ? "–" : duration(timesMs[state])),
    })),
    { head: "pauses", cell: ({ pauses }) => number(pauses) },
    { head: "their cost", cell: costText },
    { head: "steps lost", cell: ({ stepsLost }) => lostText(stepsLost) },
  ];
}

function costText({ pauses, pauseCostMs, pausesWithUnknownCost: unknown }: Totals): string {
  if (pauses === 0) return "–";
  if (unknown === pauses) return "?";
  return unknown === 0 ? duration(pauseCostMs) : `${duration(pauseCostMs)} + ?`;
}

function lostText({ byPauses, otherwise, uncounted }: Totals["stepsLost"]): string {
  const counted = number(byPauses + otherwise);
  return uncounted === 0 ? counted : `${counted} + ?`;
}

function timesTable(report: Report, width: number): string[] {
  const columns = columnsOf(report);
  const rows: [string, Totals][] = report.jobs.map((job) => [job.job, job]);
  if (rows.length > 1) rows.push(["all", report.all]);
  const cells = rows.map(([, totals]) => columns.map(({ cell }) => cell(totals)));
  const widths = columns.map(({ head }, at) =>
    Math.max(cellsOf(head), ...cells.map((row) => cellsOf(row[at] ?? ""))),
  );
  const name = Math.max(3, ...rows.map(([job]) => cellsOf(neutral(job))));
  const line = (first: string, texts: string[]): string =>
    [pad(first, name), ...texts.map((text, at) => pad(text, widths[at] ?? 0, "right"))].join("  ").trimEnd();
  const heads = columns.map(({ head }) => head);
  const table = [line("job", heads), ...rows.map(([job], at) => line(job, cells[at] ?? []))];
  if (cellsOf(table[0] ?? "") <= width) return table;
  return rows.flatMap(([job], at) => [
    neutral(job),
    ...heads.map((head, column) => `  ${pad(head, 10)}  ${cells[at]?.[column] ?? ""}`),
  ]);
}

function shareLines(jobs: readonly JobReport[]): string[] {
  return jobs.flatMap(({ job, shares }) =>
    shares.length === 0 ? [] : ["", neutral(job), ...shares.map((share) => `  ${neutral(shareText(share))}`)],
  );
}

/** "paused 2 h 10 min, 3 times: rule 'somebody else computes on the GPU'" */
export const shareText = ({ state, actor, times, ms }: Share): string =>
  `${state} ${duration(ms)}, ${times === 1 ? "once" : plural(times, "time")}: ${state === "waiting" && actor === "job" ? AGAIN : actorText(actor)}`;

/** A job whose run has failed waits for its next try. */
const AGAIN = "to be tried again after a failure";

const BY: Record<string, string> = {
  user: "by hand",
  shutdown: "the supervisor was stopped",
  recovery: "after a restart of the machine",
  peer: "another user's supervised job",
  job: "by itself",
  supervisor: "by the supervisor",
  "first start": "until its first start",
};

function actorText(actor: string): string {
  const kind = actorKind(actor as Actor);
  if (kind === "rule" || kind === "window") return `${kind} '${actor.slice(kind.length + 1)}'`;
  return BY[actor] ?? actor;
}

export function waitedText({ count, open, medianMs, p95Ms, longestMs }: OthersWaited): string {
  if (count === 0) return "Nobody else had to wait for a job to make room.";
  const still = open === 0 ? "" : `; ${plural(open, "time")} it wasn't over yet`;
  if (medianMs === null || p95Ms === null || longestMs === null)
    return `Others waited for room ${plural(count, "time")}${still}.`;
  return (
    `Others waited for room ${plural(count, "time")}, from first pressure to relief: median ${duration(medianMs)}, ` +
    `95th percentile ${duration(p95Ms)}, longest ${duration(longestMs)}${still}.`
  );
}
