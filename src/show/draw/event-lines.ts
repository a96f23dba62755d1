/** Audit events as lines of a screen: a column of times, one of jobs, and what happened. Pure. */
import { type AuditEvent, type EventKind, TROUBLES } from "../../model/event.ts";
import { eventText, eventTime } from "../event-words.ts";
import { cellsOf, pad, shorten, wrap } from "./cells.ts";
import { type Line, span, type Tone } from "./lines.ts";

const TONES: Partial<Record<EventKind, Tone>> = {
  "job.finished": "good",
  "job.stalled": "warn",
  "job.handed-over": "warn",
  "pause.requested": "warn",
  "pause.completed": "warn",
  "resume.completed": "good",
  "resume.doubted": "warn",
  "rule.pressure": "warn",
  "rule.misattributed": "warn",
  "rule.blind": "warn",
  "rule.powerless": "warn",
  "sensor.lost": "warn",
};

/** Newest last: whole sentences while all of them fit into `rows`, else a line each, cut, and the newest. */
export function eventLines(events: AuditEvent[], width: number, rows: number): Line[] {
  const shown = rows > 0 ? events.slice(-rows) : [];
  const longest = Math.max(0, ...shown.map((event) => event.job?.length ?? 0));
  const names = Math.min(longest, 18, Math.floor(width / 5));
  const whole = shown.flatMap((event) => eventLine(event, { names, width, cut: false }));
  return whole.length <= rows
    ? whole
    : shown.flatMap((event) => eventLine(event, { names, width, cut: true }));
}

interface Form {
  /** Cells of the column of job names. */
  names: number;
  width: number;
  cut: boolean;
}

function eventLine(event: AuditEvent, { names, width, cut }: Form): Line[] {
  const time = `${eventTime(event).slice(0, width < 60 ? 5 : 8)} `;
  const who = names === 0 ? "" : `${pad(event.job ?? "", names)}  `;
  const margin = time.length + cellsOf(who);
  const room = Math.max(1, width - margin);
  const { text, lead } = eventText(event);
  const [first = "", ...more] = cut ? [shorten(text, room)] : wrap(text, room);
  const tone = TROUBLES.includes(event.kind) ? "bad" : (TONES[event.kind] ?? "plain");
  return [
    [span(time, "faint"), span(who), span(first.slice(0, lead), tone), span(first.slice(lead))],
    ...more.map((part) => [span(" ".repeat(margin)), span(part, lead > first.length ? tone : "plain")]),
  ];
}
