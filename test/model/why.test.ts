import { expect, test } from "vitest";
import { isPassing, type WaitingFor } from "../../src/model/why.ts";

test.each<[WaitingFor["code"], boolean]>([
  ["checkpoint-check", true],
  ["checkpoint-restore", true],
  ["start-order", true],
  ["manual", false],
  ["rule", false],
  ["gpu-memory", false],
])("a wait for %s is over by itself: %s", (code, passes) => {
  expect(isPassing({ code, text: "" })).toBe(passes);
});
