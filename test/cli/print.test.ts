/** How wide the output is, where the terminal tells it and where it doesn't. */
import { afterEach, expect, test } from "vitest";
import { terminalWidth, width } from "../../src/cli/print.ts";

const before = process.stdout.columns;
afterEach(() => {
  process.stdout.columns = before;
});

test.each([
  [72, 72, 72],
  [0, 160, Number.POSITIVE_INFINITY],
])("a terminal of %i columns", (columns, filled, wrapped) => {
  process.stdout.columns = columns;
  expect([width(), terminalWidth()]).toEqual([filled, wrapped]);
});
