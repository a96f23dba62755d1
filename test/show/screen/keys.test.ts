/** Covers: src/show/draw/job-order.ts, src/show/screen/pages/page-view.ts */
import { expect, test } from "vitest";
import { footerLine } from "../../../src/show/draw/edges.ts";
import { type Act, type Key, press } from "../../../src/show/screen/keys.ts";
import { listedJobs, newScreen, type Screen } from "../../../src/show/screen/screen.ts";
import { busy, hundred, nothing } from "../snapshots.ts";

const SIZE = { width: 80, height: 24 };

/** Presses one key after the other; words in angle brackets are named keys. */
function typed(start: Screen, ...keys: string[]): { screen: Screen; acts: Act[] } {
  let screen = start;
  const acts: Act[] = [];
  for (const text of keys) {
    const named = /^<(.+)>$/.exec(text)?.[1];
    const pasted = /^paste:(.+)$/s.exec(text)?.[1];
    const single = named === undefined ? { typed: text } : ({ named } as Key);
    const key = pasted === undefined ? single : { pasted };
    const next = press(screen, key, SIZE);
    screen = next.screen;
    if (next.act !== null) acts.push(next.act);
  }
  return { screen, acts };
}

const start = (snapshot = busy()): Screen => ({ ...newScreen(), snapshot });

test("arrows and j, k move along the rows and stop at the ends", () => {
  expect(typed(start(), "j").screen.selected).toBe("asr-finetune");
  expect(typed(start(), "<down>", "<down>", "<down>", "<down>").screen.selected).toBe("vocoder");
  expect(typed(start(), "G", "k").screen.selected).toBe("asr-finetune");
  expect(typed(start(), "<up>", "g").screen.selected).toBe("voice-train");
});

test("among many jobs they move in the order in which the rows stand, what runs first", () => {
  expect(typed(start(hundred()), "j").screen.selected).toBe("sweep-009");
  expect(typed(start(hundred()), "<end>").screen.selected).toBe("sweep-095");
  expect(typed(start(hundred()), "<pageDown>", "<pageUp>").screen.selected).toBe("sweep-001");
});

test("Enter opens the page of the selected job, Esc closes it; nothing is asked for", () => {
  const opened = typed(start(), "j", "<enter>");
  expect(opened.screen).toMatchObject({ view: "job", selected: "asr-finetune", scroll: 0, past: null });
  expect(opened.acts).toEqual([]);
  expect(typed(opened.screen, "<escape>").screen.view).toBe("jobs");
  expect(typed(opened.screen, "w").screen.view).toBe("why");
  expect(typed(opened.screen, "l").screen).toMatchObject({ view: "log", scroll: null });
});

test("p and r ask for the selected job, and say so", () => {
  const { screen, acts } = typed(start(), "j", "p", "j", "r");
  expect(acts).toEqual([
    { ask: "pause", job: "asr-finetune" },
    { ask: "resume", job: "vocoder" },
  ]);
  expect(screen.message?.text).toContain("vocoder");
  expect(typed(start(nothing()), "p", "r", "j", "w", "<escape>").acts).toEqual([]);
});

test("q detaches anywhere; Ctrl-C only asks", () => {
  expect(typed(start(), "q").acts).toEqual([{ ask: "detach" }]);
  expect(typed(start(), "?", "q").acts).toEqual([{ ask: "detach" }]);
  expect(typed(start(), "<ctrl-c>")).toMatchObject({ acts: [], screen: { asks: { what: "leave" } } });
  expect(typed(start(), "\u0003").screen.asks).toEqual({ what: "leave" });
  expect(typed(start(), "<ctrl-c>", "d").acts).toEqual([{ ask: "detach" }]);
  expect(typed(start(), "<ctrl-c>", "s").acts).toEqual([{ ask: "stop" }]);
  expect(typed(start(), "<ctrl-c>", "<escape>")).toMatchObject({ acts: [], screen: { asks: null } });
  expect(typed(start(), "<ctrl-c>", "x", "s").acts).toEqual([]);
});

test("pages open, close with Esc or their own key, and scroll within themselves", () => {
  expect(typed(start(), "w").screen.view).toBe("why");
  expect(typed(start(), "w", "w").screen.view).toBe("jobs");
  expect(typed(start(), "w", "?").screen.view).toBe("help");
  expect(typed(start(), "j", "w", "<escape>").screen).toMatchObject({
    view: "jobs",
    selected: "asr-finetune",
  });
  const log = { ...start(), view: "log" as const, scroll: null, log: { lines: Array(100).fill("x") } };
  expect(typed(log, "k").screen.scroll).toBe(100 - 20 - 1);
  expect(typed(log, "g").screen.scroll).toBe(0);
  expect(typed(log, "g", "G").screen.scroll).toBeNull();
  expect(typed(log, "j").screen).toMatchObject({ scroll: null, selected: null });
});

test("a filter lists what holds each word; keys are its letters until Enter or Esc", () => {
  const { screen, acts } = typed(start(), "/", "V", "o", "c", "o", "q", "<backspace>");
  expect(acts).toEqual([]);
  expect(listedJobs(screen).map(({ name }) => name)).toEqual(["vocoder"]);
  expect(typed(screen, "<enter>", "p").acts).toEqual([{ ask: "pause", job: "vocoder" }]);
  expect(listedJobs(typed(screen, "<enter>", "<escape>").screen)).toHaveLength(3);
  expect(listedJobs(typed(screen, "<escape>").screen)).toHaveLength(3);
  const none = typed(screen, " ", "z", "z", "<enter>").screen;
  expect(listedJobs(none)).toEqual([]);
  expect(typed(none, "p", "r", "x", "y").acts).toEqual([]);
});

test("s goes through the orders and back; the selection stays on its job", () => {
  const sorted = typed(start(hundred()), "j", "s").screen;
  const names = listedJobs(sorted).map(({ name }) => name);
  expect(names).toEqual(names.toSorted());
  expect(sorted.selected).toBe("sweep-009");
  const newest = listedJobs(typed(sorted, "s").screen).map(({ sinceMs }) => sinceMs);
  expect(newest).toEqual(newest.toSorted((a, b) => b - a));
  expect(typed(sorted, "s", "s", "s", "s").screen.order).toBe("as configured");
});

test("nothing is ended before the question is answered with y", () => {
  expect(typed(start(), "j", "x").acts).toEqual([]);
  expect(typed(start(), "j", "x").screen.asks).toEqual({ what: "cancel", job: "asr-finetune" });
  expect(typed(start(), "j", "x", "y").acts).toEqual([{ ask: "cancel", job: "asr-finetune" }]);
  for (const other of ["<escape>", "n", "<enter>", "x"])
    expect(typed(start(), "x", other, "y").acts).toEqual([]);
});

test("the question says what the end loses, where there is room for it", () => {
  const asked = typed(start(), "j", "x").screen;
  const text = (width: number): string =>
    footerLine(asked, width)
      .map((part) => part.text)
      .join("");
  expect(text(120)).toMatch(/^\[y\] end asr-finetune for good {2}Esc leave it {2}loses (about|no|all|what)/);
  for (const width of [60, 40, 12]) expect(text(width)).not.toContain("loses");
  expect(text(60)).toBe("[y] end asr-finetune for good  Esc leave it");
});

test("a paste is no keys: it goes into an open filter, and else nowhere", () => {
  const { screen, acts } = typed(start(), "paste:xyqs");
  expect(acts).toEqual([]);
  expect(screen).toMatchObject({ asks: null, typing: false, order: "as configured" });
  expect(typed(start(), "<ctrl-c>", "paste:s").acts).toEqual([]);
  expect(typed(start(), "x", "paste:y").acts).toEqual([]);
  expect(typed(start(), "/", "x", "\u007f", "\r").screen).toMatchObject({ filter: "", typing: false });
  expect(typed(start(), "/", "paste:asr\nq").screen.filter).toBe("asr q");
});

test("Ctrl-Z suspends from anywhere", () => {
  for (const before of [[], ["/"], ["w"], ["<ctrl-c>"]])
    expect(typed(start(), ...before, "<ctrl-z>").acts).toEqual([{ ask: "suspend" }]);
});
