/**
 * The schema as Markdown, for docs/configuration.md: every field with its unit, default and meaning.
 * Generated from the schema that checks a config, so that the page can't differ from the program.
 */
import { inWords, type JsonSchema, jsonSchema } from "../check/expected.ts";
import { unitOfKey } from "../check/suggest.ts";

/** One heading and table for each object of the config, outermost first. */
export function fieldTables(): string {
  return tables("", jsonSchema()).join("\n\n");
}

function tables(path: string, schema: JsonSchema): string[] {
  const rows: string[] = [];
  const inner: string[] = [];
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    if (name === "$schema") continue;
    const element = field.properties === undefined ? field.items : field;
    const here = `${path === "" ? "" : `${path}.`}${name}${field.type === "array" ? "[]" : ""}`;
    const nested = element?.properties !== undefined;
    if (nested && element !== undefined) inner.push(...tables(here, element));
    const metric = (field.enum?.length ?? 0) > 8;
    const kind = nested
      ? `see [below](#${anchor(here)})`
      : metric
        ? "one of the [metrics](#metrics)"
        : inWords(field);
    const required = (schema.required ?? []).includes(name);
    rows.push(
      `| \`${name}\` | ${kind}${unit(name)} | ${standard(field, required)} | ${field.description ?? ""} |`,
    );
  }
  const heading = path === "" ? "### The whole file" : `### \`${path}\``;
  return [
    [heading, "", "| field | value | default | meaning |", "|---|---|---|---|", ...rows].join("\n"),
    ...inner,
  ];
}

/** The anchor that GitHub generates from a heading. */
const anchor = (path: string): string => path.toLowerCase().replaceAll(/[^\w-]/g, "");

function unit(name: string): string {
  const found = unitOfKey(name);
  if (found === null || found === "share") return "";
  return `, in ${found}`;
}

function standard(field: JsonSchema, required: boolean): string {
  if (required) return "required";
  const value = field.default;
  if (value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0))
    return "–";
  return Array.isArray(value)
    ? value.map((one) => `\`${JSON.stringify(one)}\``).join(", ")
    : `\`${JSON.stringify(value)}\``;
}
