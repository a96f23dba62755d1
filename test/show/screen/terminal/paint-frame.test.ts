import { expect, test } from "vitest";
import { newScreen } from "../../../../src/show/screen/screen.ts";
import { looksSame, paintFrame } from "../../../../src/show/screen/terminal/paint-frame.ts";
import { frameOf } from "../../../../src/show/screen/view-model.ts";
import { busy, hundred } from "../../snapshots.ts";

const frame = (snapshot: ReturnType<typeof busy>, height: number) =>
  paintFrame(frameOf({ ...newScreen(), snapshot }, { width: 90, height }), "none");

test("no row is empty, since an empty one would have no height", () => {
  for (const height of [30, 12, 4]) {
    const rows = frame(busy(), height);
    expect(rows).toHaveLength(height - 1);
    expect(rows).not.toContain("");
  }
});

test("frames look the same only when each of their rows does", () => {
  expect(looksSame(frame(busy(), 30), frame(busy(), 30))).toBe(true);
  expect(looksSame(frame(busy(), 30), frame(hundred(), 30))).toBe(false);
  expect(looksSame(["one", "two"], ["one"])).toBe(false);
  expect(looksSame(["one"], ["one", "two"])).toBe(false);
});
