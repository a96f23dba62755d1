/**
 * test/ mirrors src/: who changes a file finds its tests at the same path. Where a test of another name
 * covers a file, its head comment names that file after the word "Covers:".
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { unsaid } from "./unsaid.ts";

const ROOT = join(import.meta.dirname, "../..");

/** Folders of test/ for whole programs and for what tests share: they mirror no folder of src/. */
const OWN_FOLDERS = [
  "architecture",
  "bench",
  "children",
  "fakes",
  "faults",
  "jobs",
  "python",
  "scenarios",
  "slurm",
  "torture",
];

const filesUnder = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .map((path) => `${folder}/${path}`)
    .filter((path) => /\.tsx?$/.test(path))
    .sort();

const textOf = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const isTest = (path: string): boolean => /\.test\.tsx?$/.test(path);

/** Whether it has more than types: something that a test can run. */
const hasCode = (path: string): boolean =>
  /^(export )?(default )?(async )?(function|const|let|class)\b|^[a-z.]+\(|^(if|await|for|process)\b/m.test(
    textOf(path),
  );

/** The paths that its head comment says it covers. */
function covers(path: string): string[] {
  const head = /^\/\*\*[\s\S]*?\*\//.exec(textOf(path))?.[0] ?? "";
  const line = /Covers: ((?:src\/[\w./-]+(?:,[\s*]*)?)+)/.exec(head)?.[1] ?? "";
  return line.match(/src\/[\w./-]+\.tsx?/g) ?? [];
}

const mirrorsOf = (source: string): string[] =>
  ["ts", "tsx"].map((end) => source.replace(/^src\//, "test/").replace(/\.tsx?$/, `.test.${end}`));

const sources = filesUnder("src").filter(hasCode);
const tests = filesUnder("test").filter(isTest);
const covered = new Set(tests.flatMap(covers));
const isFound = (source: string): boolean =>
  covered.has(source) || mirrorsOf(source).some((path) => tests.includes(path));

test("each file with code has a test of its name, or one that says it covers it", () => {
  expect(sources.length).toBeGreaterThan(100);
  expect(sources.filter((path) => !isFound(path) && !unsaid.includes(path))).toEqual([]);
});

test("each test outside of the folders of its own mirrors a file, or says what it covers", () => {
  const mirrored = new Set(filesUnder("src").flatMap(mirrorsOf));
  const owing = tests.filter((path) => !OWN_FOLDERS.includes(path.split("/")[1] ?? ""));
  expect(owing.length).toBeGreaterThan(100);
  expect(owing.filter((path) => !mirrored.has(path) && covers(path).length === 0)).toEqual([]);
});

test("what is listed as unsaid is still there and still unsaid", () => {
  expect(unsaid.filter((path) => !sources.includes(path) || isFound(path))).toEqual([]);
});

test("each path that a test says it covers exists", () => {
  expect([...covered].filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});
