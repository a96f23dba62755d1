/** Whether the text of an answer shows what a check asks for. Pure; an answer of another shape is no "no". */
import { isDeepStrictEqual } from "node:util";
import type { ServerCheck } from "../config/schema/server-schema.ts";
import type { Answer } from "../model/server.ts";
import { list } from "../words/list.ts";

const LONGEST = 60;

export function compare(check: ServerCheck, text: string): Answer {
  const place = `${check.method} ${check.path}`;
  if (check.metric !== undefined) return compareMetric(check, text, place);
  if (check.json === undefined) return { is: "yes" };
  let whole: unknown;
  try {
    whole = JSON.parse(text);
  } catch {
    return { is: "failed", why: `${place}: its answer isn't JSON` };
  }
  const found = valuesAt(whole, check.json);
  if ("missing" in found) {
    if (check.absent && found.last) return { is: "yes" };
    return { is: "failed", why: `${place}: its answer has no ${found.missing}` };
  }
  if (check.absent) return { is: "no", why: `${place}: ${wayOf(check.json)} is there` };
  const wrong = found.values.find((value) => !isDeepStrictEqual(value, check.equals));
  if (wrong === undefined && !found.values.includes(undefined)) return { is: "yes" };
  return { is: "no", why: `${place}: ${wayOf(check.json)} is ${shown(wrong)}, not ${shown(check.equals)}` };
}

type Way = NonNullable<ServerCheck["json"]>;
type Found = { values: unknown[] } | { missing: string; last: boolean };

/** `missing`: the first place that isn't there, with what is; `last`: it is the last of the way. */
function valuesAt(whole: unknown, way: Way): Found {
  let values = [whole];
  for (const [i, step] of way.entries()) {
    const next: unknown[] = [];
    for (const value of values) {
      const inside = insideOf(value, step);
      // Only a list or an object of the right shape can be said not to contain it.
      if (inside === null) {
        const holds = typeof value === "object" && value !== null;
        return { missing: missing(way.slice(0, i + 1), value), last: i === way.length - 1 && holds };
      }
      next.push(...inside);
    }
    values = next;
  }
  return { values };
}

function insideOf(value: unknown, step: Way[number]): unknown[] | null {
  if (typeof value !== "object" || value === null) return null;
  if (step === "*") return Object.values(value);
  if (typeof step !== "object")
    return Object.hasOwn(value, step) ? [(value as Record<string | number, unknown>)[step]] : null;
  const wanted = Object.entries(step);
  const element = Object.values(value).find(
    (one) =>
      typeof one === "object" && one !== null && wanted.every(([key, text]) => String(one[key]) === text),
  );
  return element === undefined ? null : [element];
}

function missing(way: Way, value: unknown): string {
  const name = wayOf(way);
  if (typeof value !== "object" || value === null) return `${name}: ${shown(value)} is there instead`;
  if (Array.isArray(value)) return `${name} among its ${value.length}`;
  const keys = Object.keys(value).slice(0, 8);
  return keys.length === 0 ? name : `${name}; it has ${list(keys.map((key) => `'${key}'`))}`;
}

const wayOf = (way: Way): string =>
  `'${way.map((step) => (typeof step === "object" ? JSON.stringify(step) : step)).join(".")}'`;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

const afterLabels = (line: string, metric: string): number =>
  line.includes("{") ? line.lastIndexOf("}") + 1 : metric.length;

/** The sum over its labels, in Prometheus text. */
function compareMetric({ metric = "", equals }: ServerCheck, text: string, place: string): Answer {
  const values = text
    .split("\n")
    .filter((line) => line.startsWith(metric) && /^[\s{]/.test(line.slice(metric.length)))
    .map((line) => Number(line.slice(afterLabels(line, metric)).trim().split(/\s+/)[0]));
  if (values.length === 0) return { is: "failed", why: `${place}: its answer has no metric '${metric}'` };
  const sum = values.reduce((one, other) => one + other, 0);
  if (sum === equals) return { is: "yes" };
  return { is: "no", why: `${place}: ${metric} is ${sum}, not ${shown(equals)}` };
}
