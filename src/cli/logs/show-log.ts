/**
 * Where the lines of a followed log go. On a terminal the line that isn't whole yet is drawn over itself; in a pipe,
 * a progress bar is a line now and then.
 */
import { elapsedMs } from "../../clock.ts";
import { shorten } from "../../show/draw/cells.ts";
import { print, printJsonLine } from "../print.ts";
import type { LogLines } from "./log-lines.ts";

/** Interval between two states of one progress bar in a pipe. */
const THINNED_MS = 5000;
/** Of a terminal that doesn't tell. */
const COLUMNS = 80;

export interface LogShown {
  line(text: string): void;
  /** What isn't a whole line yet. */
  unfinished(lines: LogLines): void;
}

export function showLog(job: string, json: boolean): LogShown {
  const line = (text: string): void => (json ? printJsonLine({ job, line: text }) : print(text));
  return process.stdout.isTTY && !json ? redrawn(line) : thinned(line);
}

function redrawn(line: (text: string) => void): LogShown {
  let drawn = "";
  const draw = (text: string): void => {
    if (text === drawn) return;
    process.stdout.write(`\r\x1b[K${text}`);
    drawn = text;
  };
  return {
    line(text) {
      draw("");
      line(text);
    },
    unfinished: ({ unfinished }) => draw(shorten(unfinished.text, (process.stdout.columns || COLUMNS) - 1)),
  };
}

function thinned(line: (text: string) => void): LogShown {
  let shown: string | null = null;
  let shownMs = Number.NEGATIVE_INFINITY;
  return {
    line(text) {
      // Its last state was shown already.
      if (text !== shown) line(text);
      shown = null;
      shownMs = Number.NEGATIVE_INFINITY;
    },
    unfinished({ unfinished: { text, redrawn } }) {
      if (!redrawn || text === "" || text === shown || elapsedMs() - shownMs < THINNED_MS) return;
      line(text);
      shown = text;
      shownMs = elapsedMs();
    },
  };
}
