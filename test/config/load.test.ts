/**
 * Covers: src/config/problem.ts, src/config/schema/defaults.ts, src/config/schema/schema.ts, src/config/schema/pause-schema.ts,
 * src/config/schema/fields.ts, src/config/parse-text.ts
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkText, loadConfig } from "../../src/config/load.ts";
import { DEFAULT_RULES } from "../../src/config/schema/defaults.ts";
import { configSchema, ruleSchema } from "../../src/config/schema/schema.ts";
import { rounds } from "../rounds.ts";
import { problems } from "./texts.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "config-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe("text that isn't JSON", () => {
  it.each([
    ["", "c.json:1:1: a value is missing at the end of the file"],
    ['{\n  "jobs": []', "c.json:2:13: a '}' is missing at the end of the file"],
    ['{\n"pollSeconds": 1\n"jobs": []}', `c.json:3:1: a ',' is missing before "jobs"`],
    ["{jobs: []}", 'c.json:1:2: a key stands in double quotes. Write "jobs".'],
    ["{'jobs': []}", "c.json:1:2: 'jobs' must stand in double quotes"],
    ['{"pollSeconds": 30s}', "c.json:1:19: 30s is not a number: units stand in the key. Write 30."],
    ['{"database": "x', 'c.json:1:14: this text is never closed: write "'],
    ['{"pollSeconds" 1}', "c.json:1:16: a ':' is missing before 1"],
    ["{} {}", "c.json:1:4: the file should end here"],
    ["/* {}", "c.json:1:1: this comment is never closed: write */"],
    [`${"[".repeat(5000)}`, "c.json:1:1: nested 5000 levels deep; at most 100 are read"],
    ['{"jobs":[],\n"jobs":[]}', "c.json:2:1: jobs is given twice. Remove one: [] stands before it."],
  ])("%j", (text, message) => {
    expect(problems(text)).toEqual([message]);
  });

  it("may have comments, trailing commas and a byte order mark", () => {
    expect(problems('\ufeff// one\n{ /* two */ "jobs": [], }')).toEqual([]);
  });
});

describe("a checked config", () => {
  it("has absolute paths: relative ones begin at the file", () => {
    const path = join(directory, "c.json");
    writeFileSync(
      path,
      `{"database":"db/x.sqlite","stateDirectory":"~/state","jobs":[{"name":"a","command":["true"]},
        {"name":"b","command":["true"],"cwd":"sub","envFile":".env","python":"venv/bin/python"}]}`,
    );
    expect(loadConfig(path)).toMatchObject({
      ok: true,
      config: {
        file: path,
        directory,
        database: join(directory, "db/x.sqlite"),
        stateDirectory: join(homedir(), "state"),
        jobs: [
          { cwd: directory },
          {
            cwd: join(directory, "sub"),
            envFile: join(directory, ".env"),
            python: join(directory, "venv/bin/python"),
          },
        ],
      },
    });
  });

  it("has the built-in rules only where it says nothing of rules; they are valid themselves", () => {
    expect(checkText("{}", null)).toMatchObject({ config: { rules: DEFAULT_RULES } });
    expect(checkText('{"rules":[]}', null)).toMatchObject({ config: { rules: [] } });
    expect(DEFAULT_RULES.map((one) => ruleSchema.parse(one))).toEqual(DEFAULT_RULES);
  });

  it("keeps its things in one place of the user's when nothing else is said", () => {
    const before = process.env.XDG_STATE_HOME;
    try {
      process.env.XDG_STATE_HOME = directory;
      const state = join(directory, "gpu-job-supervisor");
      expect(loadConfig(null)).toMatchObject({
        config: { stateDirectory: state, database: join(state, "supervisor.sqlite"), file: null },
      });
      process.env.XDG_STATE_HOME = "relative";
      expect(loadConfig(null)).toMatchObject({
        config: { stateDirectory: join(homedir(), ".local/state/gpu-job-supervisor") },
      });
    } finally {
      if (before === undefined) delete process.env.XDG_STATE_HOME;
      else process.env.XDG_STATE_HOME = before;
    }
  });
});

describe("a file that can't be read", () => {
  it("is one problem with its reason", () => {
    const gone = join(directory, "gone.json");
    expect(loadConfig(gone)).toMatchObject({
      ok: false,
      problems: [{ file: gone, line: null, message: "does not exist. Write one: supervisor init" }],
    });
    expect(loadConfig(directory)).toMatchObject({
      ok: false,
      problems: [{ message: "is a folder, not a file" }],
    });
  });
});

describe("whatever is written", () => {
  const json = fc.jsonValue({ maxDepth: 4 });
  const keys = fc.constantFrom(
    "jobs",
    "rules",
    "windows",
    "name",
    "command",
    "metric",
    "above",
    "clear",
    "opens",
    "pause",
    "__proto__",
    "constructor",
    "cwd",
    "env",
  );
  const near = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom("a", "cpu.others", "0 22 * * *", "docker", -1, 60, null, true, ""),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(keys, tie("value"), { maxKeys: 5 }),
    ),
  })).value;

  it("never throws, and every problem has a place", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          near.map((value) => JSON.stringify(value)),
          json.map((value) => JSON.stringify(value)),
        ),
        (text) => {
          const loaded = checkText(text, "c.json");
          if (loaded.ok) return;
          expect(loaded.problems.length).toBeGreaterThan(0);
          for (const one of loaded.problems) expect(one.line).toBeGreaterThan(0);
        },
      ),
      { numRuns: rounds(400) },
    );
  });

  it("yields a config only from what the schema takes, and never from a damaged text", () => {
    const valid = `{"jobs":[{"name":"a","command":["true"],"pause":{"graceSeconds":30}}],"rules":[{"name":"r","metric":"cpu.others","above":60,"clear":{"below":30}}]}`;
    fc.assert(
      fc.property(near, (value) => {
        const text = JSON.stringify(value);
        if (checkText(text, "c.json").ok) expect(configSchema.safeParse(JSON.parse(text)).success).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.nat(valid.length - 2), (length) => {
        expect(checkText(valid.slice(0, length + 1), "c.json").ok).toBe(false);
      }),
    );
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((key) => !Object.hasOwn(configSchema.shape, key)),
        (key) => {
          expect(checkText(JSON.stringify({ jobs: [], [key]: 1 }), "c.json").ok).toBe(false);
        },
      ),
    );
  });
});
