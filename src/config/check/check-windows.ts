/**
 * Whether a window's two cron expressions and its time zone are valid. Must accept only what both
 * libraries accept: node-cron, which wakes the loop and says which field is wrong, and croner, which
 * computes the occurrences and knows whether one ever comes.
 */

import { Cron } from "croner";
import cron from "node-cron";
import { wallMs } from "../../clock.ts";
import { type Entry, formatPath, type Path, show } from "../problem.ts";
import type { Finding } from "./explain.ts";
import { meantCron } from "./meant-cron.ts";
import { closest } from "./suggest.ts";

export function checkWindow({ path, fields }: Entry): Finding[] {
  const { timezone } = fields;
  const badZone = typeof timezone === "string" && !isTimezone(timezone);
  const zone = badZone || typeof timezone !== "string" ? undefined : timezone;
  const found: Finding[] = (["opens", "closes"] as const).flatMap((key) => {
    const expression = fields[key];
    const wrong = typeof expression === "string" ? cronProblem(expression, zone) : null;
    const here = [...path, key];
    return wrong === null ? [] : [{ path: here, message: `${formatPath(here)} ${wrong}` }];
  });
  const wrong = zoneProblem([...path, "timezone"], timezone);
  if (wrong !== null) found.push(wrong);
  return found;
}

/** Null for a time zone that exists, and for what isn't even a text. */
export function zoneProblem(path: Path, timezone: unknown): Finding | null {
  if (typeof timezone !== "string" || isTimezone(timezone)) return null;
  const guess = closest(timezone, Intl.supportedValuesOf("timeZone"));
  const hint =
    guess === null ? 'Write one like "Europe/Berlin", or leave it out.' : `Did you mean "${guess}"?`;
  return { path, message: `${formatPath(path)} must be an IANA time zone, got ${show(timezone)}. ${hint}` };
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function cronProblem(expression: string, timezone: string | undefined): string | null {
  const must = `must be a cron expression of five fields (minute hour day month weekday), got ${show(expression)}.`;
  const meant = meantCron(expression);
  if (meant !== null && cron.validate(meant)) return `${must} Write ${show(meant)}.`;
  const count = expression.trim().split(/\s+/).length;
  if (count !== 5) return must;
  const checked = cron.validateDetailed(expression);
  if (!checked.valid) return `${must} ${checked.errors.map(inSentence).join(" ")}`;
  try {
    const next = new Cron(expression, { ...(timezone && { timezone }) }).nextRun(new Date(wallMs()));
    return next === null ? `never comes: there is no such day (${show(expression)}).` : null;
  } catch (error) {
    return `${must} ${error instanceof Error ? error.message.replace(/^CronPattern: /, "") : String(error)}`;
  }
}

const FIELD_NAMES: Record<string, string> = { dayOfMonth: "day of the month", dayOfWeek: "weekday" };

function inSentence({ field, value, message }: { field: string; value?: string; message: string }): string {
  if (!message.includes("invalid expression")) return `${message}.`;
  return `The ${FIELD_NAMES[field] ?? field} can't be ${show(value)}.`;
}
