/** A page that is longer than the screen: which part of it is seen. Pure. */
import type { JobView } from "../../../control/protocol.ts";
import { clip, type Line, span } from "../../draw/lines.ts";
import { type Screen, selectedJob } from "../screen.ts";
import { jobPage } from "./job-page.ts";
import { helpPage, logPage, whyPage } from "./pages.ts";
import { ruled } from "./ruled.ts";

export const BLANK: Line = [span(" ")];

export function pageLines(screen: Screen, width: number, rows: number): Line[] {
  const job = selectedJob(screen);
  const nowMs = screen.snapshot?.atMs ?? 0;
  const title = screen.view === "help" ? "help" : `${screen.view} ── ${job?.name ?? "no job"}`;
  const all = pageContent(screen, job, nowMs, width);
  const room = Math.max(0, rows - 1);
  const first = firstLine(screen.scroll, all.length, room);
  const more = all.length - first - room;
  const facts =
    first > 0 || more > 0 ? `${first + 1}–${Math.min(all.length, first + room)} of ${all.length}` : "";
  return filled(
    [ruled(title, facts, width), ...all.slice(first, first + room)]
      .slice(0, rows)
      .map((line) => clip(line, width)),
    rows,
  );
}

function pageContent(screen: Screen, job: JobView | null, nowMs: number, width: number): Line[] {
  if (screen.view === "help") return helpPage(width);
  if (job === null) return [[span("there is no job", "faint")]];
  if (screen.view === "job") return jobPage(screen, job, width);
  return screen.view === "log" ? logPage(screen, width) : whyPage(job, nowMs, width);
}

/** Where a page begins: as scrolled to, but never past its end; at its end while it is followed. */
function firstLine(scroll: number | null, length: number, room: number): number {
  const last = Math.max(0, length - room);
  return scroll === null ? last : Math.max(0, Math.min(scroll, last));
}

/** `by` lines further (or back) from where the page is now; `null` again at the end of a log. */
export function scrolled(screen: Screen, by: number, width: number, rows: number): number | null {
  const length = pageContent(screen, selectedJob(screen), screen.snapshot?.atMs ?? 0, width).length;
  const room = Math.max(0, rows - 1);
  const next = firstLine(firstLine(screen.scroll, length, room) + by, length, room);
  return screen.view === "log" && next >= length - room ? null : next;
}

export const filled = (lines: Line[], rows: number): Line[] => {
  const shown = lines.slice(0, Math.max(0, rows));
  while (shown.length < rows) shown.push(BLANK);
  return shown;
};
