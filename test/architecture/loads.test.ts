/**
 * What a supervisor loads with its first import: libraries that it would hold for ever belong to processes that
 * end, or are loaded when they are needed.
 */
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Node, sources } from "./sources.ts";

const byPath = new Map(sources.map((source) => [source.path, source]));

/** Imports that are there at run time: types leave nothing behind. */
const isLoaded = (node: Node): boolean => {
  if (node.type === "ExportNamedDeclaration" || node.type === "ExportAllDeclaration")
    return node.source != null && node.exportKind !== "type";
  if (node.type !== "ImportDeclaration" || node.importKind === "type") return false;
  return node.specifiers.length === 0 || node.specifiers.some((one: Node) => one.importKind !== "type");
};

/** Every package and file that importing `entry` loads. */
function loadedWith(entry: string): Set<string> {
  const found = new Set<string>();
  const visit = (path: string): void => {
    if (found.has(path)) return;
    found.add(path);
    const source = byPath.get(path);
    for (const { node } of source?.nodes ?? []) {
      if (!isLoaded(node)) continue;
      const name = node.source.value as string;
      visit(name.startsWith(".") ? join(path, "..", name) : name);
    }
  };
  visit(entry);
  return found;
}

test("a supervisor loads neither the dashboard, nor the schema library, nor a client of a store", () => {
  const loaded = loadedWith("src/supervise/run-supervisor.ts");
  expect(loaded).toContain("better-sqlite3");
  const heavy = [...loaded].filter((name) =>
    /^(@aws-sdk|zod|ink|react|execa|node:http|node:https|uplot)/.test(name),
  );
  expect(heavy).toEqual([]);
});
