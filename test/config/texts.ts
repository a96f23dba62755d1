/** Config texts for tests, cut down to the part that a test is about. */
import { checkText } from "../../src/config/load.ts";
import { formatProblem } from "../../src/config/problem.ts";

export const problems = (text: string): string[] => {
  const loaded = checkText(text, "c.json");
  return loaded.ok ? [] : loaded.problems.map(formatProblem);
};

export const rule = (more: string) => `{"rules":[{"name":"r",${more}}]}`;
export const job = (more: string) => `{"jobs":[{"name":"a","command":["true"],${more}}]}`;
export const window = (more: string) => `{"windows":[{"name":"w",${more}}]}`;
export const CRON = "must be a cron expression of five fields (minute hour day month weekday)";
