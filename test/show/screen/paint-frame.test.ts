import { expect, test } from "vitest";
import { changes, paintFrame } from "../../../src/show/screen/paint-frame.ts";
import { newScreen } from "../../../src/show/screen/screen.ts";
import { frameOf } from "../../../src/show/screen/view-model.ts";
import { busy, hundred } from "../snapshots.ts";

const ESC = String.fromCharCode(27);
const ADDRESSED = new RegExp(`${ESC}\\[(\\d+);1H${ESC}\\[K([^${ESC}]*)`, "g");

/** What a screen that shows `before` shows once `text` is written to it. */
function shown(before: readonly string[], text: string): string[] {
  const screen = [...before];
  for (const [, row, line] of text.matchAll(ADDRESSED)) screen[Number(row) - 1] = line ?? "";
  return screen;
}

const frame = (snapshot: ReturnType<typeof busy>, height: number) =>
  paintFrame(frameOf({ ...newScreen(), snapshot }, { width: 90, height }), "none");

test("what is written turns one frame into the next, also into a shorter one", () => {
  const frames = [frame(busy(), 30), frame(hundred(), 30), frame(busy(), 12), []];
  let screen: string[] = [];
  for (const [index, next] of frames.entries()) {
    screen = shown(screen, changes(frames[index - 1] ?? [], next));
    expect(screen.slice(0, next.length)).toEqual(next);
    expect(screen.slice(next.length).join("")).toBe("");
  }
});

test("a line that stays is not written again, and nothing is where nothing changes", () => {
  const text = changes(["first", "second", "third"], ["first", "2nd", "third"]);
  expect(text).toContain("2nd");
  expect(text).not.toMatch(/first|third/);
  expect(changes(["first"], ["first"])).toBe("");
});
