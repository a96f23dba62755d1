/**
 * Audit events in words, a line each. Pure. The supervisor itself prints them: this must load nothing
 * that measures or draws.
 */
import type { AuditEvent, EventKind } from "../model/event.ts";
import { neutral } from "./neutral.ts";

/**
 * The kinds whose reasons say why, and not what: these words stand before them. The reason of any other
 * kind is a sentence that says both.
 */
const LEADS: Partial<Record<EventKind, string>> = {
  "job.started": "started",
  "job.failed": "failed",
  "job.lost": "lost",
  "job.stalled": "stalled",
  "pause.requested": "pause requested",
  "pause.overdue": "pause overdue",
  "pause.failed": "pause failed",
  "pause.forced": "pause forced",
  "resume.requested": "resuming",
  "resume.completed": "resumed",
  "resume.failed": "resume failed",
  "rule.pressure": "rule pressure",
  "rule.cleared": "clear again",
};

/** `14:02:11`: the time as the supervisor recorded it, in its own zone. */
export const eventTime = (event: AuditEvent): string => /T(\d\d:\d\d:\d\d)/.exec(event.at)?.[1] ?? "??:??:??";

/** What happened and why; `lead`: how many characters of the text, from its start, name what happened. */
export function eventText({ kind, reason }: AuditEvent): { text: string; lead: number } {
  const why = reason.trim();
  const what = LEADS[kind] ?? (why === "" ? kind.replaceAll(/[.-]/g, " ") : "");
  const text = [what, why].filter((part) => part !== "").join(": ");
  return { text, lead: (what === "" ? text : what).length };
}

/** `14:02:11 train  pause requested: …`, in the supervisor's local time. */
export function formatEvent(event: AuditEvent): string {
  const who = event.job === null ? "" : `${neutral(event.job)}  `;
  return `${eventTime(event)} ${who}${neutral(eventText(event).text)}`;
}
