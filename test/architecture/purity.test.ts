import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../../src");
const FORBIDDEN: [string, RegExp][] = [
  ["the time", /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\)|\bperformance\b|\bTemporal\b/],
  ["chance", /\bMath\.random\b|\bcrypto\b/],
  [
    "the world",
    /\bprocess\.(env|pid|hrtime|platform)\b|from "node:|\bfetch\(|\bconsole\b|\bset(Timeout|Interval|Immediate)\b/,
  ],
];

/** Without comments, which may name what is forbidden. */
const code = (path: string): string =>
  readFileSync(path, "utf8")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^\s*\/\/.*$/gm, "");

const filesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
const words = filesIn("words");
const files = [...filesIn("decide"), ...words];

test("there is something to look at", () => {
  expect(files.length).toBeGreaterThan(10);
  expect(words.length).toBeGreaterThan(4);
});

test.each(files)("%s reads no clock, no chance, no world", (name) => {
  const text = code(join(ROOT, name));
  expect(FORBIDDEN.filter(([, pattern]) => pattern.test(text)).map(([what]) => what)).toEqual([]);
});

test.each(files)("%s imports only the words, the config's types and croner", (name) => {
  const imports = [...code(join(ROOT, name)).matchAll(/^(?:import|export) (type )?[^;]*?from "([^"]+)"/gms)];
  const wrong = imports
    .map(([, type, from = ""]) => ({ type: type !== undefined, from }))
    .filter(({ from }) => !/^(?:\.\.?\/)+(?:[a-z-]+\/)*[a-z-]+\.ts$/.test(from) && from !== "croner");
  const outside = imports.filter(
    ([, type, from = ""]) =>
      /^(\.\.\/)+(sense|runs|claims|notify|record|show|control|cli|supervise|tick|files|spawn|job)\//.test(
        from,
      ) ||
      (/config\/|ports\//.test(from) && type === undefined),
  );
  expect({ wrong, outside: outside.map(([all]) => all) }).toEqual({ wrong: [], outside: [] });
});

test.each(words)("%s imports only words and types", (name) => {
  const imports = [...code(join(ROOT, name)).matchAll(/^(?:import|export) (type )?[^;]*?from "([^"]+)"/gms)];
  const wrong = imports.filter(
    ([, type, from = ""]) => type === undefined && !words.includes(join(dirname(name), from)),
  );
  expect(wrong.map(([all]) => all)).toEqual([]);
});

/** What has a form of its own for a machine to read, or is no figure of the program's. */
const OWN_FORMS =
  /^(words\/|contract\/names\.ts|record\/audit\/event-row\.ts|sense\/gpu\/drm\/parse-card\.ts|job\/)/;

test.each(filesIn(".").filter((name) => !OWN_FORMS.test(name)))("%s words no figure by itself", (name) => {
  const text = code(join(ROOT, name));
  const own =
    /\.toFixed\(|\.toLocale\w*String\(|padStart\(\d, "0"\)|\} (?:s|min|h|d|[KMGT]iB|%)\b[^ ]?`|\\B\(\?=/g;
  expect(text.match(own) ?? []).toEqual([]);
});
