import fc from "fast-check";
import { type JSONPath, parse } from "jsonc-parser";
import { expect, test } from "vitest";
import { removeAt, setAt } from "../../../src/config/edit/edit-text.ts";

const TEXT = `{
  // where it all begins
  "rules": [], /* none yet */
  "jobs": [
    // the oldest
    { "name": "asr", "command": ["python", "asr.py"] }, // runs at night
    { "name": "tts", "command": ["sh"], "pause": { "method": "freeze" } } // never asked
    // more to come
  ]
}
`;
const at = (text: string, line: number) => text.split("\n")[line - 1];

test("a new job stands on its own line, and every comment where it stood", () => {
  const text = setAt(TEXT, ["jobs", 2], { name: "vad", command: ["a", "b"], gpus: 1 });
  expect(at(text, 7)).toBe(
    '    { "name": "tts", "command": ["sh"], "pause": { "method": "freeze" } }, // never asked',
  );
  expect(at(text, 8)).toBe('    { "name": "vad", "command": ["a", "b"], "gpus": 1 }');
  expect(at(text, 9)).toBe("    // more to come");
  const trailing = TEXT.replace("} } //", "} }, //");
  expect(
    parse(setAt(trailing, ["jobs", 2], { name: "x" }), [], { allowTrailingComma: true }).jobs,
  ).toHaveLength(3);
  expect(setAt("{}", ["jobs", 0], { name: "x" })).toBe('{\n  "jobs": [{ "name": "x" }]\n}');
  expect(setAt("{\r\n  // none\r\n}", ["a"], 1)).toBe('{\r\n  // none\r\n  "a": 1\r\n}');
});

test("a setting is changed or added in its place", () => {
  expect(at(setAt(TEXT, ["jobs", 1, "pause", "method"], "standby"), 7)).toContain(
    '{ "method": "standby" } } //',
  );
  expect(at(setAt(TEXT, ["jobs", 0, "pause", "graceSeconds"], 90), 6)).toBe(
    '    { "name": "asr", "command": ["python", "asr.py"], "pause": { "graceSeconds": 90 } }, // runs at night',
  );
});

test("what is taken out takes its comma and its line along, and nothing else", () => {
  expect(removeAt(TEXT, ["jobs", 0, "command"])).toBe(TEXT.replace(', "command": ["python", "asr.py"]', ""));
  const last = removeAt(TEXT, ["jobs", 1]);
  expect(last).toContain("// runs at night");
  expect(last).toContain("// more to come");
  expect(parse(last)).toEqual({ rules: [], jobs: [{ name: "asr", command: ["python", "asr.py"] }] });
  expect(parse(removeAt(removeAt(TEXT, ["jobs", 0]), ["jobs", 0])).jobs).toEqual([]);
  expect(removeAt(TEXT, ["windows"])).toBe(TEXT);
});

/** The value itself, changed. */
function changed(value: unknown, [key, ...rest]: JSONPath, to: unknown): unknown {
  if (key === undefined) return to;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, unknown>;
  copy[key] = changed(copy[key] ?? (typeof rest[0] === "number" ? [] : {}), rest, to);
  return copy;
}

test("whatever is set, the text says just that, and keeps its comments", () => {
  const path = fc.constantFrom<JSONPath>(
    ["rules", 0],
    ["jobs", 0, "priority"],
    ["jobs", 1, "pause"],
    ["jobs", 2],
    ["logs", "keep"],
    ["jobs", 1, "command", 1],
  );
  // A parser makes a prototype of that key.
  const json = fc.jsonValue().filter((value) => !JSON.stringify(value).includes("__proto__"));
  fc.assert(
    fc.property(path, json, (where, value) => {
      const text = setAt(TEXT, where, value);
      expect(JSON.stringify(parse(text))).toBe(JSON.stringify(changed(parse(TEXT), where, value)));
      for (const comment of [
        "where it all begins",
        "none yet",
        "the oldest",
        "runs at night",
        "never asked",
        "more to come",
      ])
        expect(text).toContain(comment);
    }),
  );
});
