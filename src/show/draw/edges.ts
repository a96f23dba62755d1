/** The first and the last lines of the screen: who runs where, what to know now, the keys. Pure. */

import type { Snapshot } from "../../control/protocol.ts";
import { elapsed } from "../../words/duration.ts";
import { plural } from "../../words/list.ts";
import { exactTime } from "../../words/time.ts";
import { endLoses } from "../job-words.ts";
import { neutral } from "../neutral.ts";
import type { Screen } from "../screen/screen.ts";
import { cellsOf, shorten } from "./cells.ts";
import { clip, joinFitting, type Line, lineCells, type Span, span, spread } from "./lines.ts";

export function headerLines(screen: Screen, width: number, rows: number): Line[] {
  const { snapshot } = screen;
  if (snapshot === null)
    return [clip([span("supervisor", "strong"), span(`  ${screen.lost ?? "connecting…"}`)], width)];
  const { supervisor, atMs } = snapshot;
  const left: Line[] = [
    [span("supervisor", "strong"), span(` on ${supervisor.host}`)],
    [span(`up ${elapsed(atMs - supervisor.startedAtMs)}`, "faint")],
    supervisor.configFile === null ? [] : [span(shorten(supervisor.configFile, 48), "faint")],
  ];
  const clock: Line = [span(exactTime(atMs), "faint")];
  const title = spread(joinFitting(left, Math.max(10, width - 10)), clock, width);
  const notices = noticeLines(screen, snapshot, width);
  return [clip(title, width), ...notices.slice(0, rows < 5 ? 0 : rows < 12 ? 1 : 3)];
}

function noticeLines(screen: Screen, snapshot: Snapshot, width: number): Line[] {
  const notices: Span[] = [];
  if (screen.lost !== null) {
    notices.push(span(`${screen.lost} What you see is from ${exactTime(snapshot.atMs)}.`, "bad"));
  }
  if (snapshot.supervisor.stopping) notices.push(span(stoppingWords(snapshot), "warn"));
  for (const warning of snapshot.supervisor.warnings) notices.push(span(warning, "warn"));
  return notices.map((notice) => clip([span("! ", "bad"), notice], width));
}

function stoppingWords({ jobs }: Snapshot): string {
  const left = jobs.filter((job) => ["starting", "running", "pausing"].includes(job.state)).length;
  return left === 0
    ? "The supervisor is stopping."
    : `The supervisor is stopping: ${countJobs(left)} still to be saved and paused.`;
}

export const countJobs = (count: number): string => plural(count, "job");

/** Jobs that a stop would have to pause. */
export const toPause = (snapshot: Snapshot | null): number =>
  (snapshot?.jobs ?? []).filter((job) =>
    ["starting", "running", "pausing", "standby", "frozen"].includes(job.state),
  ).length;

const KEYS: [key: string, does: string][] = [
  ["q", "detach"],
  ["?", "help"],
  ["p", "pause"],
  ["r", "resume"],
  ["↵", "job"],
  ["l", "log"],
  ["↑↓", "select"],
  ["/", "filter"],
  ["s", "sort"],
];

const keys = (list: [string, string][]): Line[] =>
  list.map(([key, does]) => [span(key, "key"), span(` ${does}`, "faint")]);

/** The filter as it is typed: its end stays seen. */
function filterLine(filter: string, width: number): Line {
  const room = Math.max(0, width - 3);
  const seen = cellsOf(neutral(filter)) <= room ? filter : filter.slice(-Math.floor(room / 2));
  const keys = [span("  Enter", "key"), span(" keep  ", "faint"), span("Esc", "key"), span(" all", "faint")];
  const line = [span("/", "key"), span(`${seen}▏`)];
  return lineCells(line) + lineCells(keys) <= width ? [...line, ...keys] : clip(line, width);
}

/** Asks before a job is ended for good, and says what that loses where there is room. */
function cancelLine(name: string, snapshot: Snapshot | null, width: number): Line {
  const asks = [span("[y]", "key"), span(` end ${name} for good  `), span("Esc", "key"), span(" leave it")];
  const job = snapshot?.jobs.find((one) => one.name === name);
  const loses = snapshot === null || !job ? null : endLoses(job, snapshot.atMs);
  if (loses === null || lineCells(asks) > width) return clip(asks, width);
  return joinFitting([asks, [span(loses, "warn")]], width);
}

export function footerLine(screen: Screen, width: number): Line {
  if (screen.typing) return filterLine(screen.filter, width);
  if (screen.asks?.what === "cancel") return cancelLine(screen.asks.job, screen.snapshot, width);
  if (screen.asks !== null) {
    const jobs = toPause(screen.snapshot);
    const stop = jobs === 0 ? "stop the supervisor" : `stop: save and pause ${countJobs(jobs)}`;
    return clip(
      [span("[d]", "key"), span(" detach  "), span("[s]", "key"), span(` ${stop}  `), span("Esc", "key")],
      width,
    );
  }
  if (screen.message !== null) return [span(shorten(screen.message.text, width), screen.message.tone)];
  if (screen.view !== "jobs")
    return joinFitting(
      keys([
        ["Esc", "back"],
        ["↑↓", "scroll"],
        ["q", "detach"],
      ]),
      width,
    );
  return joinFitting(keys(KEYS), width);
}
