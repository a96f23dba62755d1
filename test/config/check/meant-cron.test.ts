/** What to write instead: for each habit from elsewhere, and nothing where the meaning would be a guess. */
import { expect, test } from "vitest";
import { meantCron } from "../../../src/config/check/meant-cron.ts";

test.each([
  ["@daily", "0 0 * * *"],
  [" @Weekly ", "0 0 * * 0"],
  ["23:05", "5 23 * * *"],
  ["24:00", "0 0 * * *"],
  ["0 30 21 * * 1-5", "30 21 * * 1-5"],
  ["* 0 6 1 * *", "0 6 1 * *"],
  ["30 24", "30 0 * * *"],
  ["15 24 * * *", "15 0 * * *"],
  ["0 7 1", "0 7 1 * *"],
  ["0 0 24 * * *", "0 0 * * *"],
])("%s is meant as %s", (expression, meant) => {
  expect(meantCron(expression)).toBe(meant);
});

test.each([
  "0 24 * * 1-5",
  "0 24 1 * *",
  "*/5 0 22 * * *",
  "22",
  "1 2 3 4 5 6 7",
  "0 22 * * *",
  "@reboot",
  "25:00",
])("nothing is guessed of %s", (expression) => {
  expect(meantCron(expression)).toBeNull();
});
