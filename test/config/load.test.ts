/**
 * Covers: src/config/problem.ts, src/config/schema/defaults.ts, src/config/schema/schema.ts, src/config/schema/pause-schema.ts,
 * src/config/schema/fields.ts,
 * src/config/parse-text.ts, src/config/check/jobs/check-files.ts, src/config/check/warn.ts
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkText, loadConfig } from "../../src/config/load.ts";
import { formatProblem } from "../../src/config/problem.ts";
import { DEFAULT_RULES } from "../../src/config/schema/defaults.ts";
import { configSchema, ruleSchema } from "../../src/config/schema/schema.ts";
import { rounds } from "../rounds.ts";
import { problems, rule, window } from "./texts.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "config-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const doubts = (text: string): string[] => {
  const loaded = checkText(text, join(directory, "c.json"));
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join("\n"));
  return loaded.warnings.map(({ message }) => message);
};

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

describe("doubts", () => {
  it.each([
    ["cpu.total", '"above":60,"clear":{"below":30}', "cpu.others"],
    ["gpu.utilization", '"above":60,"clear":{"below":30}', "gpu.others.utilization"],
    ["gpu.memory.freeMiB", '"below":500,"clear":{"above":900}', "gpu.newcomers.memoryMiB"],
    ["pressure.cpu.some", '"above":60,"clear":{"below":30}', "cpu.others"],
  ])("a rule on %s would pause the job's own work", (metric, rest, instead) => {
    const text = rule(`"metric":"${metric}",${rest}`);
    expect(doubts(text)).toEqual([
      `rules[0].metric counts the job's own use, so this rule would pause a job for its own work. Use "${instead}".`,
    ]);
    expect(doubts(rule(`"metric":"${metric}",${rest},"action":"notify"`))).toEqual([]);
  });

  it.each([
    [
      rule('"metric":"cpu.others","above":60,"clear":{"below":0}'),
      "rules[0].clear.below can't be reached, so what this rule pauses would stay paused: cpu.others is at least 0.",
    ],
    [
      rule('"metric":"cpu.others","above":100,"clear":{"below":30}'),
      "rules[0].above can't be reached: cpu.others is at most 100.",
    ],
    [
      rule('"metric":"memory.availablePercent","below":5,"clear":{"above":100}'),
      "rules[0].clear.above can't be reached, so what this rule pauses would stay paused: memory.availablePercent is at most 100.",
    ],
    [
      rule('"metric":"memory.availablePercent","below":5,"clear":{"above":15},"action":"freeze"'),
      `rules[0].action can't help: a frozen job keeps its memory. Use "pause".`,
    ],
    [
      rule('"metric":"cpu.others","above":60,"clear":{"below":60}'),
      "rules[0].clear leaves no hysteresis: a reading near 60 would pause and resume over and over. Move the two apart, or make 'clear.forSeconds' longer.",
    ],
    [
      window('"opens":"0 22 * * *","closes":"5 22 * * *"'),
      "windows[0] is open for only 5 min at a time: little more than a job needs to load and to save.",
    ],
    [
      window('"opens":"0 22 * * *","closes":"0 22 * * *"'),
      "windows[0] never opens: it closes whenever it opens.",
    ],
  ])("%s", (text, message) => {
    expect(doubts(text)).toEqual([message]);
  });

  it("about rules that can't pause a job that would be parked in the memory that they are about", () => {
    const config = (pause: object, ...rules: object[]): string =>
      JSON.stringify({ jobs: [{ name: "tts", command: ["true"], pause }], ...(rules.length && { rules }) });
    const park = { method: "park" };
    const sentence = (rules: string): string =>
      `jobs[0].pause.method "park" takes host memory, so ${rules} can't pause this job unless it is found to save checkpoints.`;
    expect(doubts(config(park))).toEqual([sentence("'host memory nearly gone'")]);
    const some = { clear: { below: 5 }, above: 20 };
    const stall = { name: "stall", metric: "pressure.memory.full", ...some };
    const swap = { name: "swap", metric: "swap.usedMiB", ...some };
    const vram = { name: "vram", metric: "gpu.others.memoryMiB", ...some };
    expect(doubts(config(park, stall, swap, vram))).toEqual([sentence("'stall' and 'swap'")]);
    const other = { ...stall, action: "notify" };
    expect(doubts(config(park, other, vram))).toEqual([]);
    expect(doubts(config({ ...park, signal: "SIGTERM" }))).toEqual([]);
    expect(doubts(config({ method: "freeze" }))).toEqual([]);
  });

  it("about what a job needs and this machine lacks", () => {
    mkdirSync(join(directory, "here"));
    const text = `{"jobs":[
      {"name":"a","command":["node","nope.ts"],"envFile":".env","cwd":"here"},
      {"name":"b","command":["no-such-program"]},
      {"name":"c","command":["true"],"cwd":"gone"}]}`;
    expect(doubts(text)).toEqual([
      `jobs[0].command[1] is missing: ${join(directory, "here", "nope.ts")}.`,
      `jobs[0].envFile is missing: ${join(directory, ".env")}.`,
      "jobs[1].command[0] can't be run here: 'no-such-program' was not found in PATH.",
      `jobs[2].cwd is not a folder on this machine: ${join(directory, "gone")}.`,
    ]);
  });

  it("about what can't be looked at, which may be there", () => {
    const text = `{"jobs":[
      {"name":"a","command":["node","shut/in.ts"],"envFile":"shut/in"},
      {"name":"b","command":["true"],"cwd":"shut/in"}],
      "metrics":{"file":"shut/in/x.prom"}}`;
    chmodSync(directory, 0o755);
    mkdirSync(join(directory, "shut"), { mode: 0o700 });
    const own = process.geteuid?.() ?? 0;
    if (own === 0) process.seteuid?.(65_534);
    else chmodSync(join(directory, "shut"), 0o600);
    try {
      expect(doubts(text)).toEqual(
        [
          ["jobs[0].command[1]", "in.ts"],
          ["jobs[0].envFile", "in"],
          ["jobs[1].cwd", "in"],
          ["metrics.file", "in"],
        ].map(([key, path]) => `${key} can't be looked at (EACCES): ${join(directory, "shut", path ?? "")}.`),
      );
    } finally {
      process.seteuid?.(own);
    }
  });

  it("about a folder for metrics that isn't there", () => {
    expect(doubts('{"metrics":{"file":"gone/x.prom"}}')).toEqual([
      `metrics.file is in no folder of this machine: ${join(directory, "gone")}.`,
    ]);
    expect(doubts('{"metrics":{"file":"x.prom"}}')).toEqual([]);
  });

  it("none about the shipped config and the built-in defaults", () => {
    const shipped = loadConfig("supervisor.config.json");
    expect(shipped).toMatchObject({ ok: true, warnings: [], config: { jobs: [{ name: "voice-train" }] } });
    expect(loadConfig(null)).toMatchObject({ ok: true, warnings: [] });
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
