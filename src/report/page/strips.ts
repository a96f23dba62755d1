/** Each job's spans as a strip of links to their audit rows, with the reason on hover. Readable without scripts. */
import { neutral } from "../../show/neutral.ts";
import { duration } from "../../words/duration.ts";
import { clockTime } from "../../words/time.ts";
import type { Report } from "../report.ts";
import { SPAN_STATES, type Span } from "../span.ts";
import { STATE_WORDS } from "../table.ts";
import { escaped } from "./html.ts";

export function strips({ jobs, sinceMs, untilMs }: Report): string {
  const share = (ms: number): string => `${Math.round((ms / (untilMs - sinceMs)) * 1e6) / 1e4}%`;
  const link = (span: Span): string => {
    const place = `left:${share(span.fromMs - sinceMs)};width:${share(span.toMs - span.fromMs)}`;
    const words = escaped(spanWords(span, untilMs));
    const target = span.event === null ? "" : ` href="#event-${span.event}"`;
    return `<a class="${span.state}" style="${place}"${target} title="${words}" aria-label="${words}"></a>`;
  };
  const rows = jobs.map(
    ({ job, spans }) =>
      `<div class="job"><h3>${escaped(neutral(job))}</h3><div class="strip"><div class="moves">${spans
        .filter(({ state }) => state !== "ended")
        .map(link)
        .join("")}</div></div></div>`,
  );
  const seen = SPAN_STATES.filter((state) => jobs.some(({ timesMs }) => timesMs[state] > 0));
  const legend = seen.map((state) => `<li><i class="${state}"></i>${STATE_WORDS[state]}</li>`);
  return `<ul class="legend">${legend.join("")}</ul>${rows.join("\n")}`;
}

const spanWords = ({ state, fromMs, toMs, reason }: Span, nowMs: number): string =>
  `${STATE_WORDS[state]}, ${clockTime(fromMs, nowMs)} to ${clockTime(toMs, nowMs)} (${duration(toMs - fromMs)}): ${neutral(reason)}`;
