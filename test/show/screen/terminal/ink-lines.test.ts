/** What stands in for two parts of Ink shows what Ink's own would have shown. */
import { describe, expect, test } from "vitest";
import { newScreen } from "../../../../src/show/screen/screen.ts";
import { LineOutput, lineUpdate } from "../../../../src/show/screen/terminal/ink-lines.ts";
import { paintFrame } from "../../../../src/show/screen/terminal/paint-frame.ts";
import { frameOf } from "../../../../src/show/screen/view-model.ts";
import { busy, hostile, hundred, nothing, quiet, unavailable } from "../../snapshots.ts";

// Ink exports neither; the build replaces them by these paths.
const ink = "../../../../node_modules/ink/build";
const { default: InkOutput } = await import(`${ink}/output.js`);
const { default: inkLineUpdate } = await import(`${ink}/line-update.js`);

const SIZE = { width: 97, height: 33 };

/** Rows as the dashboard's tree writes them: a blank for each, and a transformer that gives the line. */
function drawn(Output: typeof LineOutput, rows: readonly string[]): string[] {
  const output = new Output({ ...SIZE, height: rows.length });
  const blanks = rows.map(() => " ").join("\n");
  output.write(0, 0, blanks, { transformers: [(_, row) => rows[row] ?? "no such row"] });
  const { output: text, height } = output.get();
  expect(height).toBe(rows.length);
  return text.split("\n");
}

describe.each(Object.entries({ quiet, busy, hundred, hostile, unavailable, nothing }))("%s", (_, make) => {
  const screen = { ...newScreen(), snapshot: make() };
  test.each(["colour", "mono"] as const)("in %s", (palette) => {
    const painted = paintFrame(frameOf(screen, SIZE), palette);
    // Ink's own writes the same styles with other codes: read by Ink, both must be the same cells.
    expect(drawn(InkOutput, drawn(LineOutput, painted))).toEqual(drawn(InkOutput, painted));
  });
});

test("a text beside or over another is refused, not drawn wrongly", () => {
  const output = new LineOutput({ height: 3 });
  const row = { transformers: [] };
  output.write(0, 1, "first", row);
  expect(() => output.write(0, 0, "two\nlines", row)).toThrow("two texts in row 1");
  expect(() => output.write(4, 2, "further right", row)).toThrow("row 2");
});

test("a changed line is written as Ink writes one that has nothing in common with the old", () => {
  expect(lineUpdate("step 41", "step 42")).toBe(inkLineUpdate("other", "step 42", SIZE.width));
});
