import { expect, test } from "vitest";
import { list, ordinal, plural } from "../../src/words/list.ts";

test.each([
  [1, "1st"],
  [2, "2nd"],
  [3, "3rd"],
  [4, "4th"],
  [11, "11th"],
  [12, "12th"],
  [13, "13th"],
  [21, "21st"],
  [112, "112th"],
  [1003, "1,003rd"],
])("%d is %s", (place, words) => expect(ordinal(place)).toBe(words));

test("counted things and lists", () => {
  expect([0, 1, 3412].map((count) => plural(count, "step"))).toEqual(["0 steps", "1 step", "3,412 steps"]);
  expect(plural(2, "entry", "entries")).toBe("2 entries");
  expect([list([]), list([0]), list([0, 1]), list(["a", "b", "c"])]).toEqual([
    "",
    "0",
    "0 and 1",
    "a, b and c",
  ]);
});
