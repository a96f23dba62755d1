/** ARCHITECTURE.md may not drift: every path it names exists, every state is in its table. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { STATES } from "../../src/model/state.ts";

const root = join(import.meta.dirname, "../..");
const text = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");

test("every path exists", () => {
  const paths = [...text.matchAll(/`((?:src|db|jobs|python|test|bench|docs)\/[\w./-]*)`/g)].map(
    (match) => match[1] as string,
  );
  expect(paths.length).toBeGreaterThan(10);
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test("every folder of src is on the map", () => {
  const folders = readdirSync(join(root, "src"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  expect(folders.length).toBeGreaterThan(5);
  expect(folders.filter((folder) => !text.includes(`\`src/${folder}/\``))).toEqual([]);
});

test("the table of states is the model's", () => {
  const named = [...text.matchAll(/^\| `([a-z]+)` \|/gm)].map((match) => match[1]);
  expect(named.sort()).toEqual([...STATES].sort());
});

test("every row of the crash table names a test", () => {
  const [, table = ""] = text.split("## What if it dies?");
  const rows = (table.split("\n## ")[0] ?? "")
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .slice(1);
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.filter((row) => !/`test\/[\w./-]+\.test\.ts` \|$/.test(row))).toEqual([]);
});
