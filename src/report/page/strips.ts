/** Each job's spans as a strip of links to their audit rows, with the reason on hover. Readable without scripts. */
import { neutral } from "../../show/neutral.ts";
import { duration } from "../../words/duration.ts";
import { clockTime } from "../../words/time.ts";
import type { Report } from "../report.ts";
import { SPAN_STATES, type Span } from "../span.ts";
import { STATE_WORDS } from "../table.ts";
import { escaped } from "./html.ts";

/** Of more spans of one job, those are drawn that can be seen, and their reasons stand only in the audit log. */
export const MOST_SPANS = 2000;
/** Of the period: 13 seconds of a month. */
const SEEN_FROM = 1 / 200_000;

/** `listed`: the rows that the page has; only those are links. */
export function strips({ jobs, sinceMs, untilMs }: Report, listed: ReadonlySet<number>): string {
  const share = (ms: number): string => `${Math.round((ms / (untilMs - sinceMs)) * 1e6) / 1e4}%`;
  const leastMs = (untilMs - sinceMs) * SEEN_FROM;
  const link = (span: Span, isOneOfMany: boolean): string => {
    const place = `left:${share(span.fromMs - sinceMs)};width:${share(span.toMs - span.fromMs)}`;
    const isListed = span.event !== null && listed.has(span.event);
    const target = isListed ? ` href="#event-${span.event}"` : "";
    const reason = isListed || !isOneOfMany ? `: ${neutral(span.reason)}` : "";
    // Its title is its name for a screen reader, too.
    const words = escaped(spanWords(span, untilMs) + reason);
    return `<a class="${span.state}" style="${place}"${target} title="${words}"></a>`;
  };
  const rows = jobs.map(({ job, spans }) => {
    const drawn = spans.filter(({ state }) => state !== "ended");
    const areMany = drawn.length > MOST_SPANS;
    const seen = areMany ? drawn.filter(({ fromMs, toMs }) => toMs - fromMs >= leastMs) : drawn;
    const links = seen.map((span) => link(span, areMany)).join("");
    return `<div class="job"><h3>${escaped(neutral(job))}</h3><div class="strip"><div class="moves">${links}</div></div></div>`;
  });
  const seen = SPAN_STATES.filter((state) => jobs.some(({ timesMs }) => timesMs[state] > 0));
  const legend = seen.map((state) => `<li><i class="${state}"></i>${STATE_WORDS[state]}</li>`);
  return `<ul class="legend">${legend.join("")}</ul>${rows.join("\n")}`;
}

const spanWords = ({ state, fromMs, toMs }: Span, nowMs: number): string =>
  `${STATE_WORDS[state]}, ${clockTime(fromMs, nowMs)} to ${clockTime(toMs, nowMs)} (${duration(toMs - fromMs)})`;
