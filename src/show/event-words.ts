/**
 * Audit events in words, a line each. Pure. The supervisor itself prints them: this must load nothing
 * that measures or draws.
 */
import type { AuditEvent, EventKind } from "../model/event.ts";
import { neutral } from "./neutral.ts";

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
  "turn.requested": "turn on a GPU asked for",
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

/** `14:02:11 train  pause requested: …`, in the supervisor's local time. */
export function formatEvent(event: AuditEvent): string {
  const who = event.job === null ? "" : `${neutral(event.job)}  `;
  return `${eventTime(event)} ${who}${neutral(eventText(event))}`;
}
