import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { jsonSchema } from "../../src/config/expected.ts";
import { schemaText } from "../../src/config/write-schema.ts";

it("the published schema is current (npm run schema)", () => {
  const published = readFileSync(new URL("../../supervisor.schema.json", import.meta.url), "utf8");
  expect(JSON.parse(published)).toEqual(JSON.parse(schemaText()));
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
