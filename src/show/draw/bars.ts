/** Bars: a gauge of others' and our share with thresholds, and a job's progress. Pure drawing. */
import { type Line, merged, type Span, span, type Tone } from "./lines.ts";

/** Shares of the whole, 0 to 1. `doubtful` is used, but nobody knows by whom. */
export interface Shares {
  others: number;
  doubtful: number;
  ours: number;
}

/**
 * Shares of `whole`, by what each is seen to use. Figures of different moments may come to more than is used:
 * others have theirs, since their rules judge it, and ours is what is left. What nobody is seen at is doubtful;
 * where the use in all isn't known (null), there is no such rest.
 */
export function sharesOf(
  used: number | null,
  oursSeen: number | null,
  othersSeen: number | null,
  whole: number,
): Shares {
  const others = Math.min(whole, othersSeen ?? 0);
  const most = Math.max(others, used ?? whole);
  const ours = Math.min(most - others, oursSeen ?? 0);
  const rest = used === null ? 0 : most - ours - others;
  return { others: others / whole, ours: ours / whole, doubtful: rest / whole };
}

/** A threshold on others' use, or on the total. */
export interface Mark {
  at: number;
  on: "others" | "total";
  pressing: boolean;
}

const GLYPH = { others: "▒", doubtful: "░", ours: "█", free: "·" } as const;
const TONE: Record<keyof typeof GLYPH, Tone> = {
  others: "others",
  doubtful: "faint",
  ours: "ours",
  free: "faint",
};

/**
 * Others are drawn first, from the left, so that their share reaches its own mark `│` exactly
 * when the rule's threshold is met; marks on the total are `┃`.
 */
export function gaugeBar(shares: Shares, marks: Mark[], cells: number): Line {
  const drawn = fill(shares, cells);
  for (const mark of marks) {
    if (!Number.isFinite(mark.at) || mark.at < 0 || mark.at > 1) continue;
    const at = Math.min(cells - 1, Math.floor(mark.at * cells));
    drawn[at] = { text: mark.on === "others" ? "│" : "┃", tone: mark.pressing ? "bad" : "strong" };
  }
  return merged(drawn);
}

function fill(shares: Shares, cells: number): Span[] {
  const drawn: Span[] = [];
  let sum = 0;
  for (const part of ["others", "doubtful", "ours"] as const) {
    const share = Number.isFinite(shares[part]) ? Math.max(0, shares[part]) : 0;
    sum += share;
    // A use that is there at all shows: nothing above 1 % is rounded away.
    const end = Math.max(Math.round(sum * cells), share >= 0.01 ? drawn.length + 1 : 0);
    while (drawn.length < Math.min(end, cells)) drawn.push({ text: GLYPH[part], tone: TONE[part] });
  }
  while (drawn.length < cells) drawn.push({ text: GLYPH.free, tone: TONE.free });
  return drawn;
}

/** `━━━━━━──────`; full only at the very end. */
export function progressBar(share: number, cells: number, tone: Tone): Line {
  const done = Math.min(cells, Math.max(0, Math.floor(share * cells)));
  return [span("━".repeat(done), tone), span("─".repeat(cells - done), "faint")];
}
