/**
 * The report as one HTML file that needs nothing else: its script, its style and its data are in it, and its
 * policy lets it load nothing. The tables and the strips need no script. Pure.
 */
import type { AuditEvent } from "../../model/event.ts";
import { eventText } from "../../show/event-words.ts";
import { neutral } from "../../show/neutral.ts";
import { duration } from "../../words/duration.ts";
import { number } from "../../words/number.ts";
import { clockTime } from "../../words/time.ts";
import { comparisonText, energyText } from "../energy/energy-words.ts";
import type { Report, Totals } from "../report.ts";
import { columnsOf, shareText, waitedText } from "../table.ts";
import { escaped, jsonIn, table } from "./html.ts";
import type { Plots } from "./plots.ts";
import { MOST_SPANS, strips } from "./strips.ts";

const POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

export interface PageParts {
  report: Report;
  plots: Plots;
  /** The rows that the report rests on. */
  events: readonly AuditEvent[];
  /** Whose supervisor. */
  title: string;
  script: string;
  style: string;
}

/** The page stays small enough to open at once: of more pauses, those are listed that cost the most. */
const MOST_PAUSES = 500;

export function pageOf({ report, plots, events, title, script, style }: PageParts): string {
  const { sinceMs, untilMs, notes } = report;
  const pauses = listedPauses(report);
  const rows = listedRows(report, pauses);
  const name = escaped(neutral(title));
  const period = `${clockTime(sinceMs, untilMs)} to ${clockTime(untilMs, untilMs)}, ${duration(untilMs - sinceMs)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Report of ${name}</title>
<style>${style}</style>
</head>
<body>
<header><h1>Report of ${name}</h1><p>${escaped(period)}</p></header>
<main>
${notes.map((note) => `<p class="note">${escaped(neutral(note))}</p>`).join("\n")}
<section aria-labelledby="times"><h2 id="times">Where the time went</h2>
${timesTable(report)}
${sharesList(report)}
<p>${escaped(waitedText(report.othersWaited))}</p>
${energyPart(report)}</section>
<section aria-labelledby="line"><h2 id="line">When</h2>
${strips(report, rows)}
<div id="plots"><noscript><p>The plots need scripts; everything else on this page doesn't.</p></noscript></div></section>
<section aria-labelledby="pauses"><h2 id="pauses">Pauses</h2>${pausesTable(report, pauses)}</section>
<section aria-labelledby="rows"><h2 id="rows">Audit rows</h2>${rowsTable(events, rows)}</section>
</main>
<script type="application/json" id="data">${jsonIn({ ...plots, untilMs })}</script>
<script>${script}</script>
</body>
</html>
`;
}

function timesTable(report: Report): string {
  const columns = columnsOf(report);
  const row = (name: string, totals: Totals): string[] => [
    escaped(neutral(name)),
    ...columns.map(({ cell }) => escaped(cell(totals))),
  ];
  const rows = report.jobs.map((job) => row(job.job, job));
  if (rows.length > 1) rows.push(row("all", report.all));
  return table(["job", ...columns.map(({ head }) => head)], rows, "Time of each job by state");
}

const sharesList = ({ jobs }: Report): string => {
  const lines = jobs.flatMap(({ job, shares }) =>
    shares.map((share) => `<li>${escaped(neutral(`${job}: ${shareText(share)}`))}</li>`),
  );
  return lines.length === 0 ? "" : `<ul>${lines.join("")}</ul>`;
};

function energyPart({ energy }: Report): string {
  if (energy === undefined) return "";
  const lines = energy.jobs.map((one) => {
    const ways = (one.instead ?? []).map((way) => `<li>${escaped(comparisonText(way, energy))}</li>`);
    return `<li>${escaped(`${neutral(one.job)}: ${energyText(one, energy)}`)}<ul>${ways.join("")}</ul></li>`;
  });
  return `<h3>Energy</h3><ul>${lines.join("")}</ul><p class="method">${escaped(energy.method)}</p>`;
}

const rowLink = (id: number): string => `<a href="#event-${id}">${id}</a>`;

type PauseOfJob = Report["jobs"][number]["pausesOfJob"][number];

const pausesIn = ({ jobs }: Report): PauseOfJob[] => jobs.flatMap(({ pausesOfJob }) => pausesOfJob);

/** In the order in which they were asked for. */
function listedPauses(report: Report): PauseOfJob[] {
  const costliest = pausesIn(report).sort((a, b) => (b.costMs ?? 0) - (a.costMs ?? 0));
  return costliest.slice(0, MOST_PAUSES).sort((a, b) => a.askedMs - b.askedMs);
}

function pausesTable(report: Report, pauses: readonly PauseOfJob[]): string {
  const { untilMs } = report;
  const inAll = pausesIn(report).length;
  if (inAll === 0) return "<p>None.</p>";
  const left =
    inAll === pauses.length
      ? ""
      : `<p>Of ${number(inAll)} pauses, the ${number(pauses.length)} that cost the most. The audit log has them all.</p>`;
  const rows = pauses.map((pause) => [
    `<time>${escaped(clockTime(pause.askedMs, untilMs))}</time>`,
    escaped(neutral(pause.job)),
    isUnderWay(pause) ? "under way" : known(pause.tookMs),
    pause.doneMs === null ? "–" : escaped(duration((pause.overMs ?? untilMs) - pause.doneMs)),
    isUnderWay(pause) ? "–" : known(pause.costMs),
    pause.stepsLost === null ? "?" : number(pause.stepsLost),
    `<div class="text">${escaped(neutral(pause.reason))}</div>`,
    pause.events.map(rowLink).join(" "),
  ]);
  const heads = ["asked", "job", "took", "away", "cost", "steps lost", "reason", "rows"];
  return left + table(heads, rows, "Pauses, what each cost and why");
}

const isUnderWay = ({ doneMs, overMs }: PauseOfJob): boolean => doneMs === null && overMs === null;
const known = (ms: number | null): string => (ms === null ? "?" : escaped(duration(ms)));

/** Those that a listed pause, a wait, or the spans of a job name, unless it has too many spans. */
function listedRows({ jobs, othersWaited }: Report, pauses: readonly PauseOfJob[]): Set<number> {
  const spans = jobs.flatMap((job) => (job.spans.length > MOST_SPANS ? [] : job.spans));
  return new Set([
    ...spans.flatMap(({ event }) => event ?? []),
    ...[...pauses, ...othersWaited.waits.slice(0, MOST_PAUSES)].flatMap(({ events }) => events),
  ]);
}

const rowsTable = (events: readonly AuditEvent[], listed: ReadonlySet<number>): string =>
  table(
    ["row", "at", "job", "what"],
    events.filter(({ id }) => listed.has(id)).map(eventRow),
    "Rows of the audit log that this report rests on",
  );

const eventRow = (event: AuditEvent): string[] => [
  `<span id="event-${event.id}" tabindex="-1">${event.id}</span>`,
  `<time>${escaped(event.at.slice(0, 19).replace("T", " "))}</time>`,
  escaped(neutral(event.job ?? "")),
  `<div class="text">${escaped(neutral(eventText(event).text))}</div>`,
];
