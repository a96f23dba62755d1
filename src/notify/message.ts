/** Events as the text that a target expects. Pure: the host's name and the time come from outside. */
import type { Notify } from "../config/schema/schema.ts";
import { type AuditEvent, TROUBLES } from "../model/event.ts";
import { plural } from "../words/list.ts";
import { clockTime } from "../words/time.ts";

/** The longest text that Discord takes. */
const DISCORD_CHARACTERS = 2000;
/** ntfy makes a file of a longer text. */
const NTFY_BYTES = 4000;

export interface Message {
  body: string;
  contentType: string;
}

export interface About {
  host: string;
  nowMs: number;
  /** Of a digest, which is one message however many events it tells; so many earlier ones were dropped. */
  digest: { dropped: number } | null;
  /** ntfy's. */
  topic?: string;
}

/** One event, or those of a digest. */
export function messageOf(events: AuditEvent[], format: Notify["format"], about: About): Message {
  const text =
    about.digest === null ? events.map((event) => line(event, about)).join("\n") : digest(events, about);
  switch (format) {
    case "json":
      return json(jsonOf(events, text, about));
    case "slack":
      return json({ text: text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;") });
    case "discord":
      // No name in a message may ring everybody.
      return json({ content: shortened(text, DISCORD_CHARACTERS), allowed_mentions: { parse: [] } });
    case "ntfy":
      return json(ntfy(events, text, about));
    case "text":
      return { body: `${text}\n`, contentType: "text/plain; charset=utf-8" };
  }
}

const json = (fields: object): Message => ({ body: JSON.stringify(fields), contentType: "application/json" });

const what = ({ job, reason }: AuditEvent): string => `${job === null ? "" : `${job}: `}${reason}`;
const line = (event: AuditEvent, { host }: About): string => `${host}: ${what(event)}`;

function digest(events: AuditEvent[], { host, nowMs, digest }: About): string {
  const dropped = digest?.dropped ?? 0;
  const more = dropped === 0 ? "" : ` (${plural(dropped, "earlier one")} left out)`;
  return [
    `${host}: ${plural(events.length, "event")}${more}`,
    ...events.map((event) => `${clockTime(Date.parse(event.at), nowMs)} ${what(event)}`),
  ].join("\n");
}

/** An event as in the audit log, with `text`, the field that chat services display; of a digest, all of them. */
function jsonOf(events: AuditEvent[], text: string, { host, digest }: About): object {
  const head = { schemaVersion: 1, host, text };
  return digest === null ? { ...head, ...events[0] } : { ...head, dropped: digest.dropped, events };
}

function ntfy(events: AuditEvent[], text: string, { host, topic }: About): object {
  const isTrouble = events.some(({ kind }) => TROUBLES.includes(kind));
  return {
    topic,
    title: host,
    message: shortenedTo(NTFY_BYTES, text.replace(`${host}: `, "")),
    ...(isTrouble && { priority: 4, tags: ["warning"] }),
  };
}

function shortened(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join("")}…`;
}

function shortenedTo(bytes: number, text: string): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  // Cut within a character, the last one becomes U+FFFD.
  const cut = Buffer.from(text)
    .subarray(0, bytes - 3)
    .toString("utf8");
  return `${cut.replace(/\uFFFD$/, "")}…`;
}
