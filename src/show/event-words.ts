/** Audit events as people read them. Pure. */
import type { AuditEvent, EventKind } from "../model.ts";
import { cellsOf, pad, shorten, wrap } from "./cells.ts";
import { type Line, span, type Tone } from "./lines.ts";

/** Where a kind's own words read badly. */
const WORDS: Partial<Record<EventKind, string>> = {
  "job.started": "started",
  "job.finished": "finished",
  "job.failed": "failed",
  "job.cancelled": "cancelled",
  "job.lost": "lost",
  "job.stalled": "stalled",
  "pause.completed": "paused",
  "pause.forced": "forced to end",
  "resume.requested": "resuming",
  "resume.completed": "resumed",
  "rule.cleared": "clear again",
  "gpu.requested": "turn on a GPU asked for",
};

const TONES: Partial<Record<EventKind, Tone>> = {
  "job.finished": "good",
  "job.failed": "bad",
  "job.lost": "bad",
  "job.stalled": "warn",
  "pause.requested": "warn",
  "pause.completed": "warn",
  "pause.overdue": "bad",
  "pause.failed": "bad",
  "pause.forced": "bad",
  "resume.completed": "good",
  "resume.failed": "bad",
  "checkpoint.rejected": "bad",
  "checkpoint.failed": "bad",
  "rule.pressure": "warn",
  "rule.misattributed": "warn",
  "sensor.lost": "warn",
  "config.rejected": "bad",
};

export const eventWords = (kind: string): string => WORDS[kind as EventKind] ?? kind.replaceAll(/[.-]/g, " ");

/** `14:02:11`: the time as the supervisor recorded it, in its own zone. */
export const eventTime = (event: AuditEvent): string => /T(\d\d:\d\d:\d\d)/.exec(event.at)?.[1] ?? "??:??:??";

/** What happened and why, without saying twice what the reason begins with. */
export function eventText(event: AuditEvent): string {
  const words = eventWords(event.kind);
  const reason = event.reason.trim();
  if (reason === "") return words;
  const fact = reason.replace(/^It (?:was |is )?(?=[a-z])/, "");
  if (fact.toLowerCase().startsWith(words.toLowerCase())) return fact;
  const [first = ""] = words.split(" ");
  return reason.toLowerCase().startsWith(`${first} `) ? reason : `${words}: ${reason}`;
}

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
  const [first = "", ...more] = cut ? [shorten(eventText(event), room)] : wrap(eventText(event), room);
  const words = eventWords(event.kind);
  const marked = first.toLowerCase().startsWith(words) ? words.length : 0;
  const tone = TONES[event.kind] ?? "plain";
  return [
    [span(time, "faint"), span(who), span(first.slice(0, marked), tone), span(first.slice(marked))],
    ...more.map((text) => [span(" ".repeat(margin)), span(text)]),
  ];
}
