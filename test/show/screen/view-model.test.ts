/**
 * Covers: src/show/screen/screen.ts, src/show/draw/cells.ts, src/show/draw/edges.ts,
 * src/show/draw/event-lines.ts, src/show/draw/gauge.ts, src/show/draw/gpu-gauges.ts,
 * src/show/draw/job-rows.ts, src/show/draw/machine-gauges.ts, src/show/readings.ts
 */
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, test } from "vitest";
import type { Snapshot } from "../../../src/control/protocol.ts";
import { type Palette, paint } from "../../../src/show/draw/lines.ts";
import { newScreen, type Screen, type Size } from "../../../src/show/screen/screen.ts";
import { frameOf, rowsOf } from "../../../src/show/screen/view-model.ts";
import { rounds } from "../../rounds.ts";
import * as moments from "../snapshots.ts";

const MOMENTS: Record<string, () => Snapshot> = {
  quiet: moments.quiet,
  busy: moments.busy,
  hundred: moments.hundred,
  "gpus-4": () => moments.gpus(4),
  "gpus-8": () => moments.gpus(8),
  nothing: moments.nothing,
  unavailable: moments.unavailable,
  hostile: moments.hostile,
};

function linesOf(screen: Screen, size: Size, palette: Palette = "none"): string[] {
  return Object.values(frameOf(screen, size))
    .flat()
    .map((line) => paint(line, palette));
}

const drawn = (lines: string[]): string => `${lines.map((line) => line.trimEnd()).join("\n")}\n`;

describe("frames at 60, 80 and 120 columns", () => {
  test.each(Object.keys(MOMENTS))("%s", async (name) => {
    const snapshot = MOMENTS[name]?.() ?? moments.nothing();
    const sizes = [
      { width: 120, height: 40 },
      { width: 80, height: 24 },
      { width: 60, height: 20 },
      { width: 40, height: 10 },
    ];
    const frames = sizes.map(
      (size) => `# ${size.width}×${size.height}\n${drawn(linesOf({ ...newScreen(), snapshot }, size))}`,
    );
    await expect(frames.join("\n")).toMatchFileSnapshot(`../frames/${name}.txt`);
  });

  test("pages and the question before leaving", async () => {
    const base = { ...newScreen(), snapshot: moments.busy() };
    const screens: Record<string, Screen> = {
      why: { ...base, view: "why" },
      help: { ...base, view: "help" },
      log: { ...base, view: "log", scroll: null, log: { lines: ["epoch 1", "x".repeat(90), "", "epoch 2"] } },
      "no log": { ...base, view: "log", log: { unreadable: "it doesn't exist yet" } },
      leaving: { ...base, asks: { what: "leave" } },
      lost: { ...base, lost: "The supervisor is gone. Reconnecting…" },
      connecting: newScreen(),
    };
    const frames = Object.entries(screens).map(
      ([name, screen]) => `# ${name}\n${drawn(linesOf(screen, { width: 80, height: 26 }))}`,
    );
    await expect(frames.join("\n")).toMatchFileSnapshot("../frames/pages.txt");
  });

  test("in colour, and with NO_COLOR in bold and faint alone", async () => {
    const screen = { ...newScreen(), snapshot: moments.busy() };
    const size = { width: 80, height: 24 };
    for (const palette of ["colour", "mono"] as const) {
      const visible = drawn(linesOf(screen, size, palette)).replaceAll("\u001b", "␛");
      await expect(visible).toMatchFileSnapshot(`../frames/busy-${palette}.txt`);
    }
    expect(linesOf(screen, size, "mono").join()).not.toContain("\u001b[3");
    expect(linesOf(screen, size, "colour").map(stripVTControlCharacters)).toEqual(linesOf(screen, size));
  });
});

test("a rule in pressure, a threshold and whose use it is can be read without colour", () => {
  const text = linesOf({ ...newScreen(), snapshot: moments.busy() }, { width: 120, height: 40 }).join("\n");
  expect(text).toMatch(/^cpu {3}! ▒+│▒+░█+·+ {2}94 % {2}others 71–74 % {3}ours 21 %/m);
  expect(text).toContain("game.exe (ana) 71 %");
});

test("the selected job is always among the rows that are seen", () => {
  const snapshot = moments.hundred();
  for (const job of snapshot.jobs) {
    const lines = linesOf({ ...newScreen(), snapshot, selected: job.name }, { width: 80, height: 20 });
    expect(lines.some((line) => line.startsWith(`▸ ${job.name}`))).toBe(true);
  }
});

test("a log is followed at its end, and never scrolled past it", () => {
  const lines = Array.from({ length: 500 }, (_, index) => `line ${index}`);
  const screen: Screen = { ...newScreen(), snapshot: moments.quiet(), view: "log", log: { lines } };
  const size = { width: 80, height: 12 };
  expect(linesOf({ ...screen, scroll: null }, size).join("\n")).toContain("line 499");
  expect(linesOf({ ...screen, scroll: 0 }, size).join("\n")).toContain("line 0");
  expect(linesOf({ ...screen, scroll: 10_000 }, size).join("\n")).toContain("line 499");
});

/** Strings of every kind in every place that takes one from outside. */
const poisoned = (snapshot: Snapshot, text: string): Snapshot =>
  JSON.parse(JSON.stringify(snapshot).replaceAll(JSON.stringify(moments.EVIL), JSON.stringify(text)));

const screens: fc.Arbitrary<Screen> = fc
  .record({
    name: fc.constantFrom(...Object.keys(MOMENTS)),
    text: fc.string({ unit: "binary", maxLength: 300 }),
    view: fc.constantFrom("jobs", "job", "log", "why", "help"),
    asks: fc.constantFrom(null, { what: "leave" as const }, { what: "cancel" as const, job: "vocoder" }),
    typing: fc.boolean(),
    lost: fc.option(fc.string({ unit: "binary" })),
    message: fc.option(fc.record({ text: fc.string({ unit: "binary" }), tone: fc.constant("bad") })),
    scroll: fc.option(fc.nat(2000)),
    selected: fc.constantFrom("voice-train", "sweep-050", "nobody"),
    connecting: fc.boolean(),
  })
  .map(({ name, text, connecting, ...rest }) => ({
    ...newScreen(),
    ...(rest as Partial<Screen>),
    snapshot: connecting ? null : poisoned(MOMENTS[name]?.() ?? moments.nothing(), text),
    log: { lines: [text, "", "plain"] },
    past: { unreadable: text },
  }));

test("whatever is shown, in any terminal: the height is filled but never exceeded, no line is wider, nothing acts", () => {
  const sizes = fc.record({
    width: fc.integer({ min: 20, max: 200 }),
    height: fc.integer({ min: 5, max: 60 }),
  });
  fc.assert(
    fc.property(screens, sizes, (screen, size) => {
      const lines = linesOf(screen, size, "colour");
      expect(lines.length).toBe(rowsOf(size));
      for (const line of lines) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: only our own colours may be there
        const bare = line.replace(/\u001b\[[0-9;]*m/g, "");
        expect(bare).not.toMatch(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
        expect(stringWidth(bare)).toBeLessThanOrEqual(size.width);
      }
    }),
    { numRuns: rounds(300) },
  );
});

test("even a terminal of one cell gets a frame", () => {
  for (const [width, height] of [
    [1, 1],
    [2, 2],
    [5, 3],
    [1, 60],
    [300, 1],
  ] as const) {
    for (const moment of Object.values(MOMENTS)) {
      const lines = linesOf({ ...newScreen(), snapshot: moment() }, { width, height });
      expect(lines.length).toBe(Math.max(1, height - 1));
      expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(width);
    }
  }
});

test("of a pause that is overdue the dashboard names both ways out, where there is room beside the reason", () => {
  const sooner = ["--freeze", "--terminate"].map((how) => ({
    command: `supervisor pause asr ${how}`,
    short: `pause asr ${how}`,
    does: "…",
  }));
  const overdue = { forced: "waiting" as const, askedForMs: 120_000, gpu: "GPU 0" };
  const why = { cause: { actor: "user" as const, reason: "ana paused it." }, overdue, sooner };
  const asr = moments.job("asr", { state: "pausing", overdue: "waiting", why });
  const more = [..."bcdefgh"].map((name) => moments.job(name));
  const text = (jobs: Snapshot["jobs"], width: number, height = 40): string => {
    const screen = { ...newScreen(), snapshot: { ...moments.quiet(), jobs } };
    return linesOf(screen, { width, height })
      .map((line) => line.trim())
      .join(" ");
  };
  for (const width of [60, 80, 120]) {
    const alone = text([asr], width).replaceAll(/\s+/g, " ");
    expect(alone).toContain("supervisor pause asr --freeze or supervisor pause asr --terminate");
    expect(alone).toContain("nothing was forced");
    expect(text([asr, ...more], width)).toContain("still running 2 min");
  }
  // Between room for all of it and one line a job there are heights with a line for the reason.
  const heights = Array.from({ length: 30 }, (_, rows) => text([asr, ...more], 120, 15 + rows));
  expect(heights.filter((one) => !one.includes("still running"))).toEqual([]);
  expect(heights.join()).toContain("→ pause asr --freeze  or  pause asr --terminate");
});
