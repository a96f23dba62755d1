/** All of one job on a page: why it is as it is, its past, the machine's last hour beside it, its log's end. Pure. */
import type { JobView, RuleView, Snapshot } from "../../../control/protocol.ts";
import { MEASURES } from "../../../decide/rules/measures.ts";
import type { JobPast, Watched } from "../../../report/job-past.ts";
import { elapsed } from "../../../words/duration.ts";
import { metricRange, number } from "../../../words/number.ts";
import { clockTime } from "../../../words/time.ts";
import { pad, shorten, wrap } from "../../draw/cells.ts";
import { chartLines } from "../../draw/chart.ts";
import { eventLines } from "../../draw/event-lines.ts";
import { type Line, lineCells, span } from "../../draw/lines.ts";
import { measureOf } from "../../job-words.ts";
import type { Loss } from "../losses.ts";
import type { Screen } from "../screen.ts";
import { logPage, whyPage } from "./pages.ts";
import { ruled } from "./ruled.ts";

const CHART_ROWS = 3;
const LOG_LINES = 10;
/** Of the rules' metrics, as many as can be read at a glance. */
const MOST_COURSES = 5;

/** A metric on a GPU that several rules watch is drawn once, with the first one's threshold. */
export function watchedRules({ rules }: Snapshot): RuleView[] {
  const first = new Map<string, RuleView>();
  for (const view of rules) {
    const key = `${view.rule.metric} ${view.gpu}`;
    if (!first.has(key)) first.set(key, view);
  }
  return [...first.values()].slice(0, MOST_COURSES);
}

export const watchedIn = (snapshot: Snapshot): Watched[] =>
  watchedRules(snapshot).map(({ rule, gpu }) => ({
    metric: rule.metric,
    gpu,
    worst: rule.above === undefined ? "lowest" : "highest",
  }));

export function jobPage(screen: Screen, job: JobView, width: number): Line[] {
  const { snapshot, past } = screen;
  if (snapshot === null) return [];
  const { atMs: nowMs } = snapshot;
  const section = (title: string, lines: Line[]): Line[] =>
    lines.length === 0 ? [] : [[span(" ")], ruled(title, "", width), ...lines];
  const log = logPage(screen, width).slice(-LOG_LINES);
  const told =
    past === null
      ? [[span("reading its past…", "faint")]]
      : "unreadable" in past
        ? wrap(`its past can't be read: ${past.unreadable}`, width).map((text): Line => [span(text, "warn")])
        : [
            ...section("last hour", courseLines(past, snapshot, width)),
            ...section(
              "runs",
              past.runs.map((run) => runLine(run, nowMs)),
            ),
            ...section(
              "pauses",
              past.pauses.map((pause) => pauseLine(pause, nowMs, width)),
            ),
            ...section("checkpoints", eventLines(past.checkpoints, width, past.checkpoints.length)),
          ];
  return [
    ...whyPage(job, nowMs, width),
    ...section(measureOf(job)?.name ?? "", lossLines(screen.losses, nowMs, width)),
    ...told,
    ...section("end of its log", log),
  ];
}

function courseLines(past: JobPast, snapshot: Snapshot, width: number): Line[] {
  const { sinceMs, untilMs, courses } = past;
  const partMs = (untilMs - sinceMs) / (courses[0]?.length ?? 1);
  const shaded = (courses[0] ?? []).map((_, part) => {
    const [from, to] = [sinceMs + part * partMs, sinceMs + (part + 1) * partMs];
    return past.pauses.some(
      ({ doneMs, overMs }) => doneMs !== null && doneMs < to && (overMs ?? untilMs) > from,
    );
  });
  const lines = watchedRules(snapshot).flatMap((view, at) =>
    courseOf(view, courses[at] ?? [], { shaded, snapshot, width }),
  );
  if (lines.length === 0) return [];
  const signs = shaded.includes(true) ? "  ░ it stood still" : "";
  return [
    ...lines,
    [span(`${clockTime(sinceMs, untilMs)} to ${clockTime(untilMs, untilMs)}  ╌ threshold${signs}`, "faint")],
  ];
}

interface Beside {
  shaded: boolean[];
  snapshot: Snapshot;
  width: number;
}

function courseOf(
  { rule, gpu }: RuleView,
  values: (number | null)[],
  { shaded, snapshot, width }: Beside,
): Line[] {
  const known = values.filter((value) => value !== null);
  const at = rule.above ?? rule.below ?? 0;
  const acts = rule.above === undefined ? "below" : "above";
  const { show } = MEASURES[rule.metric];
  const index = snapshot.gpus.find(({ uuid }) => uuid === gpu)?.index;
  const name = `${rule.metric}${index === undefined ? "" : ` of GPU ${index}`}`;
  if (known.length === 0) return [[span(name), span("  nothing recorded", "faint")]];
  const worst =
    acts === "above" ? `highest ${show(Math.max(...known))}` : `lowest ${show(Math.min(...known))}`;
  const chart = {
    values: last(values, width),
    from: 0,
    to: Math.max(...known, at * 1.2),
    threshold: { at, acts } as const,
    shaded: last(shaded, width),
  };
  return [
    [span(name), span(`  ${worst}, rule acts ${acts} ${show(at)}`, "faint")],
    ...chartLines(chart, CHART_ROWS),
  ];
}

/** The newest that fit. */
const last = <T>(values: readonly T[], width: number): T[] => values.slice(-Math.max(1, width));

function lossLines(losses: readonly Loss[], nowMs: number, width: number): Line[] {
  if (losses.length < 2) return [];
  const cells = last(losses, Math.min(width, 120));
  const values = cells.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const chart = { values, from: least, to: most, threshold: null, shaded: [] };
  const since = clockTime(cells[0]?.atMs ?? nowMs, nowMs);
  return [
    ...chartLines(chart, CHART_ROWS),
    [span(`${metricRange(least, most)}, as seen here since ${since}`, "faint")],
  ];
}

function runLine(
  { number: count, startedMs, endedMs, how, step, resumedAtStep }: JobPast["runs"][number],
  nowMs: number,
): Line {
  const lasted = endedMs === null ? "" : ` for ${elapsed(Math.max(0, endedMs - startedMs))}`;
  const from = resumedAtStep === null ? "" : `, from step ${number(resumedAtStep)}`;
  const to = step === null ? "" : ` at step ${number(step)}`;
  const end = endedMs === null ? "has no end yet" : `${how ?? "its end wasn't seen"}${to}`;
  return [
    span(pad(`number ${number(count)}`, 12), "faint"),
    span(`${clockTime(startedMs, nowMs)}${lasted}${from}: ${end}`),
  ];
}

function pauseLine(pause: JobPast["pauses"][number], nowMs: number, width: number): Line {
  const { askedMs, doneMs, overMs, reason, stepsLost } = pause;
  const held = overMs === null ? "still paused" : elapsed(Math.max(0, overMs - (doneMs ?? askedMs)));
  const lost = stepsLost === null || stepsLost === 0 ? "" : ` (${number(stepsLost)} steps lost)`;
  const start = [
    span(pad(clockTime(askedMs, nowMs), 12), "faint"),
    span(pad(doneMs === null ? "not complete" : held, 14), "warn"),
  ];
  return [...start, span(shorten(`${reason}${lost}`, Math.max(8, width - lineCells(start))))];
}
