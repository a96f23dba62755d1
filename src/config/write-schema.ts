/**
 * Writes `supervisor.schema.json`, which editors use to complete and check a config: run by
 * `npm run schema`. Made from the same schema that checks a config, so the two can't differ.
 */
import { realpathSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { jsonSchema } from "./expected.ts";

/** The published file's whole text. */
export function schemaText(): string {
  const { $schema, ...rest } = jsonSchema();
  const head = { $schema, title: "gpu-job-supervisor: supervisor.config.json", allowTrailingCommas: true };
  return `${JSON.stringify({ ...head, ...rest }, null, 2)}\n`;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL("../../supervisor.schema.json", import.meta.url), schemaText());
}
