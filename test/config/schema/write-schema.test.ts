/** Covers: src/config/check/expected.ts, src/config/schema/field-tables.ts */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { jsonSchema } from "../../../src/config/check/expected.ts";
import { DEFAULT_RULES } from "../../../src/config/schema/defaults.ts";
import { schemaText, withTables } from "../../../src/config/schema/write-schema.ts";
import { GPU_METRICS, MACHINE_METRICS, OURS_IDLE } from "../../../src/model/machine.ts";

it("the published schema is current (npm run schema)", () => {
  const published = readFileSync(new URL("../../../supervisor.schema.json", import.meta.url), "utf8");
  expect(JSON.parse(published)).toEqual(JSON.parse(schemaText()));
});

it("the documented tables of fields are current (npm run schema)", () => {
  const page = readFileSync(new URL("../../../docs/configuration.md", import.meta.url), "utf8");
  expect(withTables(page)).toBe(page);
});

it("the documentation names every metric, and the built-in rules as they are", () => {
  const page = readFileSync(new URL("../../../docs/configuration.md", import.meta.url), "utf8");
  for (const metric of [...MACHINE_METRICS, ...GPU_METRICS, OURS_IDLE]) {
    // `.some` and `.full` share a row.
    expect(page).toContain(`| \`${metric.replace(/\.full$/, ".some")}\``);
  }
  for (const { name, metric, above, below, forSeconds, clear, action } of DEFAULT_RULES) {
    const pressure = `\`${metric}\` ${above === undefined ? `below ${below}` : `above ${above}`} for ${forSeconds} s`;
    const over = `${clear.above === undefined ? `below ${clear.below}` : `above ${clear.above}`} for ${clear.forSeconds} s`;
    expect(page).toContain(`| ${name} | ${pressure} | ${over} | ${action}`);
  }
});

it("every field is explained in it", () => {
  const silent: string[] = [];
  const visit = (schema: ReturnType<typeof jsonSchema>, path: string) => {
    for (const [name, field] of Object.entries(schema.properties ?? {})) {
      if (field.description === undefined) silent.push(`${path}${name}`);
      visit(field, `${path}${name}.`);
      if (field.items !== undefined) visit(field.items, `${path}${name}[].`);
    }
  };
  visit(jsonSchema(), "");
  expect(silent).toEqual([]);
});
