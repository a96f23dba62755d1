/**
 * What a place in the config accepts, in words: read from the JSON Schema that zod generates, so that
 * messages and documentation can't differ from what is checked.
 */
import { z } from "zod";
import { orList, type Path } from "../problem.ts";
import { configSchema } from "../schema/schema.ts";

export interface JsonSchema {
  type?: string;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
  required?: string[];
  description?: string;
  title?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minItems?: number;
  minLength?: number;
  pattern?: string;
  [more: string]: unknown;
}

let made: JsonSchema | null = null;

/** The published schema: what a person may write, before defaults are filled in. */
export function jsonSchema(): JsonSchema {
  made ??= z.toJSONSchema(configSchema, { io: "input" }) as JsonSchema;
  return made;
}

/** The schema of the value at `path`; null for a path that leads nowhere. */
export function schemaAt(path: Path): JsonSchema | null {
  let schema: JsonSchema | undefined = jsonSchema();
  for (const step of path) {
    if (schema === undefined) return null;
    if (typeof step === "number") schema = schema.items;
    else if (schema.properties && Object.hasOwn(schema.properties, step)) schema = schema.properties[step];
    else schema = typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined;
  }
  return schema ?? null;
}

/** The places that have this key, as "jobs[].pause"; "" is the top level. */
export function placesWith(key: string, schema: JsonSchema = jsonSchema(), at = ""): string[] {
  const choices = [schema, ...(schema.anyOf ?? [])];
  return choices.flatMap(({ properties = {}, items }) => [
    ...(Object.hasOwn(properties, key) ? [at] : []),
    ...Object.entries(properties).flatMap(([name, one]) =>
      placesWith(key, one, at === "" ? name : `${at}.${name}`),
    ),
    ...(items === undefined ? [] : placesWith(key, items, `${at}[]`)),
  ]);
}

/** `a positive number`, `"wait", "freeze" or "kill"`, `a list of texts`. */
export function inWords(schema: JsonSchema): string {
  if (schema.anyOf !== undefined) return orList(schema.anyOf.map(inWords));
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return orList(schema.enum.map((value) => JSON.stringify(value)));
  switch (schema.type) {
    case "number":
    case "integer":
      return numberInWords(schema);
    case "string":
      return schema.minLength === undefined ? "a string" : "a string that isn't empty";
    case "boolean":
      return "true or false";
    case "array":
      return `a list${schema.items?.type === "string" ? " of strings" : ""}${schema.minItems === undefined ? "" : " that isn't empty"}`;
    default:
      return "an object";
  }
}

function numberInWords(schema: JsonSchema): string {
  const noun = schema.type === "integer" ? "whole number" : "number";
  // zod bounds integers by what a double can hold: not worth reporting.
  const real = (bound: number | undefined) =>
    Math.abs(bound ?? Infinity) < Number.MAX_SAFE_INTEGER ? bound : undefined;
  const [least, most] = [real(schema.minimum), real(schema.maximum)];
  const [above, under] = [real(schema.exclusiveMinimum), real(schema.exclusiveMaximum)];
  if (least !== undefined && most !== undefined) return `a ${noun} from ${least} to ${most}`;
  if (above !== undefined && under !== undefined) return `a ${noun} between ${above} and ${under}`;
  if (above === 0) return `a positive ${noun}`;
  if (least !== undefined) return `a ${noun} of at least ${least}`;
  return `a ${noun}`;
}
