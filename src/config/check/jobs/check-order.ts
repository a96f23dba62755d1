/** The order in which jobs begin: `after`, `afterAny` and `notBefore`, on the raw document. */
import { circleFrom, circleText } from "../../../decide/starts/beginning.ts";
import { type Entry, formatPath, show } from "../../problem.ts";
import type { Finding } from "../explain.ts";

const KEYS = ["after", "afterAny"] as const;

/** Circles, each told once, and moments that no calendar has. Unknown names are told with those of rules. */
export function checkOrder(jobs: readonly Entry[]): Finding[] {
  const leaders = new Map(jobs.map(({ fields }) => [fields.name, KEYS.flatMap((key) => named(fields[key]))]));
  const told = new Set<string>();
  return jobs.flatMap(({ path, fields }) => {
    const found = checkMoment({ path, fields });
    const { name } = fields;
    if (typeof name !== "string" || told.has(name)) return found;
    const circle = circleFrom(name, (one) => leaders.get(one) ?? []);
    if (circle === null) return found;
    for (const one of circle) told.add(one);
    const [next = name] = [...circle.slice(1), name];
    const key = KEYS.find((one) => named(fields[one]).includes(next)) ?? "after";
    const here = [...path, key, named(fields[key]).indexOf(next)];
    const message = `${formatPath(here)} must not lead back to '${name}': ${circleText(circle)}, so none of them would ever start. Take one of the names out.`;
    return [...found, { path: here, message }];
  });
}

function checkMoment({ path, fields: { notBefore } }: Entry): Finding[] {
  if (typeof notBefore !== "string" || !/^\d{4}-\d\d-\d\dT/.test(notBefore)) return [];
  if (!Number.isNaN(Date.parse(notBefore))) return [];
  const here = [...path, "notBefore"];
  return [
    {
      path: here,
      message: `${formatPath(here)} must be a date and a time that exist, got ${show(notBefore)}.`,
    },
  ];
}

const named = (list: unknown): string[] =>
  Array.isArray(list) ? list.map((name) => (typeof name === "string" ? name : "")) : [];
