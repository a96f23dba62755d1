/** Covers: src/show/draw/lines.ts */
import { expect, test } from "vitest";
import { gaugeBar, progressBar, sharesOf } from "../../../src/show/draw/bars.ts";
import { clip, joinFitting, type Line, paint, span } from "../../../src/show/draw/lines.ts";

const text = (line: Line): string => paint(line, "none");
const none = { others: 0, doubtful: 0, ours: 0 };

test("others reach their own mark exactly when the threshold is met", () => {
  const at = (others: number): string =>
    text(gaugeBar({ ...none, others, ours: 0.3 }, [{ at: 0.5, on: "others", pressing: false }], 10));
  expect(at(0.4)).toBe("▒▒▒▒█│█···");
  expect(at(0.6)).toBe("▒▒▒▒▒│███·");
});

test("others, doubt and ours differ without colour; any use above 1 % shows", () => {
  expect(text(gaugeBar({ others: 0.3, doubtful: 0.2, ours: 0.3 }, [], 10))).toBe("▒▒▒░░███··");
  expect(text(gaugeBar({ others: 0.02, doubtful: 0, ours: 0.02 }, [], 10))).toBe("▒█········");
});

test("readings and thresholds beyond the bar stay inside it", () => {
  const wild = { others: 3, doubtful: -1, ours: Number.NaN };
  const marks = [Number.NaN, -1, 2, 1].map((at) => ({ at, on: "total" as const, pressing: true }));
  expect(text(gaugeBar(wild, marks, 6))).toBe("▒▒▒▒▒┃");
});

test("figures of different moments make no more than the whole", () => {
  const sum = ({ others, ours, doubtful }: ReturnType<typeof sharesOf>): number => others + ours + doubtful;
  for (const used of [null, 0, 35, 100])
    for (const ours of [null, 0, 64, 170])
      for (const others of [null, 22, 90, 130]) {
        const shares = sharesOf(used, ours, others, 100);
        expect(Object.values(shares).every((share) => share >= 0)).toBe(true);
        expect(sum(shares)).toBeLessThanOrEqual(1);
        expect(shares.others).toBe(Math.min(1, (others ?? 0) / 100));
      }
});

test("progress is full only at the end", () => {
  expect(text(progressBar(0.999, 10, "good"))).toBe("━━━━━━━━━─");
  expect(text(progressBar(1, 10, "good"))).toBe("━━━━━━━━━━");
});

test("a cut always shows, and parts go whole", () => {
  const line = [span("abc"), span("defg")];
  expect(text(clip(line, 7))).toBe("abcdefg");
  expect(text(clip(line, 6))).toBe("abcde…");
  expect(text(clip(line, 3))).toBe("ab…");
  expect(text(joinFitting([[span("one")], [span("much too long")], [span("two")]], 9))).toBe("one  two");
});

test("no palette but colour has colour codes", () => {
  const line = [span("x", "warn"), span("y", "faint")];
  expect(paint(line, "colour")).toBe("\u001b[33mx\u001b[0m\u001b[2my\u001b[0m");
  expect(paint(line, "mono")).toBe("\u001b[1mx\u001b[0m\u001b[2my\u001b[0m");
});
