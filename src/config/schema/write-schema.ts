/**
 * Writes the files generated from the schema, for `npm run schema`: `supervisor.schema.json`, with which
 * editors complete and check a config, and the field tables in docs/configuration.md.
 */
import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { jsonSchema } from "../check/expected.ts";
import { fieldTables } from "./field-tables.ts";

/** The published file's whole text. */
export function schemaText(): string {
  const { $schema, ...rest } = jsonSchema();
  const head = { $schema, title: "gpu-job-supervisor: supervisor.config.json", allowTrailingCommas: true };
  return `${JSON.stringify({ ...head, ...rest }, null, 2)}\n`;
}

const BEGIN = "<!-- fields -->";
const END = "<!-- /fields -->";

/** The page with its tables regenerated. */
export function withTables(page: string): string {
  const [before = "", rest = ""] = page.split(BEGIN);
  return `${before}${BEGIN}\n\n${fieldTables()}\n\n${END}${rest.split(END)[1] ?? "\n"}`;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL("../../../supervisor.schema.json", import.meta.url), schemaText());
  const page = new URL("../../../docs/configuration.md", import.meta.url);
  writeFileSync(page, withTables(readFileSync(page, "utf8")));
}
