/**
 * What is on the screen: pure, from what is known to lines that fit. A frame never has more lines
 * than the terminal less one (a taller one would scroll it), and no line is wider than it.
 */
import type { JobView, Snapshot } from "../../control/protocol.ts";
import { footerLine, headerLines } from "../draw/edges.ts";
import { eventLines } from "../draw/event-lines.ts";
import { jobRows, type Rows } from "../draw/job-rows.ts";
import { clip, type Line, span } from "../draw/lines.ts";
import { gaugeLines, gaugeRows } from "../draw/machine-gauges.ts";
import { BLANK, filled, pageLines } from "./pages/page-view.ts";
import { ruled } from "./pages/ruled.ts";
import { listedJobs, type Screen, type Size, selectedJob } from "./screen.ts";

/** The parts from top to bottom; together they fill the height. */
export interface Frame {
  header: Line[];
  gauges: Line[];
  jobs: Line[];
  events: Line[];
  /** Help, a why or a log, in place of gauges, jobs and events. */
  page: Line[];
  footer: Line[];
}

const EMPTY: Frame = { header: [], gauges: [], jobs: [], events: [], page: [], footer: [] };
export const rowsOf = (size: Size): number => Math.max(1, size.height - 1);

export function frameOf(screen: Screen, size: Size): Frame {
  const width = Math.max(1, size.width);
  const { header, footer, body } = edges(screen, size);
  const within = (lines: Line[]): Line[] => lines.map((line) => clip(line, width));
  const frame = { ...EMPTY, header: within(header), footer: within(footer) };
  if (screen.snapshot === null) return { ...frame, page: within(filled([], body)) };
  if (screen.view !== "jobs") return { ...frame, page: within(pageLines(screen, width, body)) };
  const { gauges, jobs, events } = mainParts(screen.snapshot, screen, width, body);
  return { ...frame, gauges: within(gauges), jobs: within(jobs), events: within(events) };
}

/** Rows between header and footer. */
export const bodyRows = (screen: Screen, size: Size): number => edges(screen, size).body;

function edges(screen: Screen, size: Size): Pick<Frame, "header" | "footer"> & { body: number } {
  const width = Math.max(1, size.width);
  const rows = rowsOf(size);
  const footer = rows >= 3 || screen.asks !== null || screen.typing ? [footerLine(screen, width)] : [];
  const header = headerLines(screen, width, rows).slice(0, rows - footer.length);
  return { header, footer, body: rows - header.length - footer.length };
}

type Main = Pick<Frame, "gauges" | "jobs" | "events">;

/** Gauges first, then as many jobs as can be, then events; headings and air where there is room. */
function mainParts(snapshot: Snapshot, screen: Screen, width: number, body: number): Main {
  if (body < 1) return EMPTY;
  const gauges = gaugeLines(snapshot, width, gaugeBudget(snapshot, body), screen.trends);
  const air = body - gauges.length >= 20 ? [BLANK] : [];
  const headings = body >= 10 ? 1 : 0;
  let left = body - gauges.length - (headings + air.length) * 2;
  const keptForEvents = Math.min(snapshot.events.length, left >= 18 ? 6 : left >= 10 ? 4 : left >= 4 ? 1 : 0);
  const listed = listedJobs(screen);
  const table = { jobs: listed, selected: selectedJob(screen)?.name ?? null, nowMs: snapshot.atMs };
  const rows = jobRows(table, width, left - keptForEvents);
  const jobs = listed.length === 0 ? [noJobs(screen, width)].slice(0, left) : rows.lines;
  left -= jobs.length;
  const events = eventLines(snapshot.events, width, left);
  const heading = (title: string, facts: string): Line[] =>
    headings > 0 ? [...air, ruled(title, facts, width)] : [];
  const eventRows = left + headings + air.length;
  return {
    gauges,
    jobs: [...heading("jobs", jobFacts(screen, listed, rows)), ...jobs],
    events: filled([...heading("events", ""), ...events], eventRows),
  };
}

function gaugeBudget(snapshot: Snapshot, body: number): number {
  if (body < 3) return 0;
  if (body < 9) return 1;
  return Math.min(gaugeRows(snapshot), Math.max(2, Math.floor(body * 0.4)));
}

function jobFacts({ snapshot, filter, order }: Screen, listed: JobView[], rows: Rows): string {
  const counts = new Map<string, number>();
  for (const job of listed) counts.set(job.state, (counts.get(job.state) ?? 0) + 1);
  const parts = [...counts].map(([state, number]) => `${number} ${state}`).join(" · ");
  const all = snapshot?.jobs.length ?? 0;
  const seen =
    rows.seen < listed.length ? `${rows.first + 1}–${rows.first + rows.seen} of ${listed.length}` : "";
  const found = filter.trim() === "" ? "" : `filter ${filter.trim()}: ${listed.length} of ${all}`;
  return [found, seen, order === "as configured" ? "" : order, parts]
    .filter((part) => part !== "")
    .join(" ── ");
}

const noJobs = ({ snapshot, filter }: Screen, width: number): Line =>
  clip(
    snapshot?.jobs.length !== 0
      ? [span(`  no job matches ${filter.trim()}`, "faint")]
      : [
          span("  no jobs yet: ", "faint"),
          span("supervisor run -- COMMAND"),
          span(", or put them in supervisor.config.json", "faint"),
        ],
    width,
  );
