/**
 * Turns zod's issues into findings for people: what was expected, what was found, and what to write
 * instead where that can be known. Reads values only to name them; never changes one.
 */
import type { z } from "zod";
import { formatPath, orList, type Path, show } from "../problem.ts";
import { inWords, type JsonSchema, placesWith, schemaAt } from "./expected.ts";
import { argvFor, closest, numberFor, unitOfKey, unitOfMetric } from "./suggest.ts";

/** A problem that has a path but no place in the text yet. */
export interface Finding {
  path: Path;
  message: string;
  /** Point at the key instead of the value. */
  part?: "key";
}

/** Longer lists of choices are omitted when the right choice is known. */
const MOST_LISTED = 8;

/** A key in more places says little about which one was meant. */
const MOST_PLACES = 2;

/** The value at `path` in the parsed document; undefined if there is none. */
function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

export function explain(issue: z.core.$ZodIssue, root: unknown): Finding[] {
  const path = issue.path as Path;
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey([...path, key]));
  const schema = schemaAt(path) ?? {};
  // A message written in the schema says it better than the schema's shape could.
  const own =
    issue.code === "custom" || (issue.code === "invalid_format" && !issue.message.startsWith("Invalid"));
  const value = valueAt(root, path);
  const corrected = fix(value, schema, path, root);
  const many = (schema.enum?.length ?? 0) > MOST_LISTED && corrected !== "";
  const name = schema.title ?? String(path.at(-1));
  const expected = own ? issue.message : many ? `a known ${name}` : inWords(schema);
  if (value === undefined) {
    return [{ path, message: `${formatPath(path)} is missing: it must be ${expected}.` }];
  }
  const place = path.length === 0 ? "the document" : formatPath(path);
  // Problems are printed and recorded: a possible secret isn't repeated.
  const got = mayBeSecret(path) ? "" : `, got ${show(value)}`;
  return [{ path, message: `${place} must be ${expected}${got}.${corrected}` }];
}

const mayBeSecret = (path: Path): boolean =>
  path.includes("headers") || (path[0] === "notify" && path[2] === "webhook");

function unknownKey(path: Path): Finding {
  const key = String(path.at(-1));
  const known = Object.keys(schemaAt(path.slice(0, -1))?.properties ?? {}).filter(
    (name) => name !== "$schema",
  );
  const guess = closest(key, known);
  const elsewhere = belongs(key);
  const hint = guess === null ? `Known here: ${known.join(", ")}.` : `Did you mean '${guess}'?`;
  return { path, part: "key", message: `${formatPath(path)} is not a known key. ${elsewhere ?? hint}` };
}

/** Where a key belongs that is known, but not here; null for one that many places have. */
function belongs(key: string): string | null {
  const places = placesWith(key);
  if (places.length === 0 || places.length > MOST_PLACES) return null;
  const named = places.map((place) => (place === "" ? "at the top level" : `in '${place}'`));
  return `'${key}' belongs ${orList(named)}.`;
}

/** ` Write 30.`, or nothing where the fix isn't clear. */
function fix(value: unknown, schema: JsonSchema, path: Path, root: unknown): string {
  for (const choice of schema.anyOf ?? [schema]) {
    const written = rewritten(value, choice, path, root);
    if (written !== null) return ` Write ${JSON.stringify(written)}.`;
  }
  return "";
}

function rewritten(value: unknown, schema: JsonSchema, path: Path, root: unknown): unknown {
  if (schema.type === "number" || schema.type === "integer") {
    const number = typeof value === "string" ? numberFor(value, unitAt(path, root)) : null;
    return number !== null && allowed(number, schema) ? number : null;
  }
  if (schema.enum !== undefined) {
    return typeof value === "string" ? closest(value, schema.enum as string[]) : null;
  }
  if (schema.type === "boolean") return value === "true" ? true : value === "false" ? false : null;
  if (schema.type === "array") return listFor(value, schema);
  if (schema.type === "string" && schema.pattern !== undefined && typeof value === "string") {
    const name = value
      .trim()
      .replace(/[^A-Za-z0-9._-]+/g, "-")
      .replace(/^[^A-Za-z0-9]+/, "");
    return name !== "" && new RegExp(schema.pattern).test(name) ? name : null;
  }
  const quotable = ["env", "command", "resumeArgs"].some((key) => path.includes(key));
  return schema.type === "string" && quotable && typeof value !== "object" ? String(value) : null;
}

function listFor(value: unknown, schema: JsonSchema): unknown {
  const kinds = schema.items?.anyOf ?? [schema.items ?? {}];
  if (typeof value === "number")
    return kinds.some((kind) => /^(number|integer)$/.test(String(kind.type)) && allowed(value, kind))
      ? [value]
      : null;
  if (typeof value !== "string" || schema.items?.type !== "string" || value.trim() === "") return null;
  return schema.minItems === undefined ? [value] : argvFor(value);
}

function unitAt(path: Path, root: unknown) {
  const key = String(path.at(-1));
  if (path[0] === "rules" && (key === "above" || key === "below")) {
    return unitOfMetric(String(valueAt(root, [...path.slice(0, 2), "metric"])));
  }
  return unitOfKey(key);
}

function allowed(number: number, schema: JsonSchema): boolean {
  return (
    (schema.type !== "integer" || Number.isInteger(number)) &&
    number >= (schema.minimum ?? -Infinity) &&
    number <= (schema.maximum ?? Infinity) &&
    number > (schema.exclusiveMinimum ?? -Infinity) &&
    number < (schema.exclusiveMaximum ?? Infinity)
  );
}
