import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkText, loadConfig } from "../../src/config/load.ts";
import { formatProblem } from "../../src/config/problem.ts";
import { DEFAULT_RULES } from "../../src/config/schema/defaults.ts";
import { configSchema, ruleSchema } from "../../src/config/schema/schema.ts";
import { rounds } from "../rounds.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "config-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const problems = (text: string): string[] => {
  const loaded = checkText(text, "c.json");
  return loaded.ok ? [] : loaded.problems.map(formatProblem);
};
const doubts = (text: string): string[] => {
  const loaded = checkText(text, join(directory, "c.json"));
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join("\n"));
  return loaded.warnings.map(({ message }) => message);
};

const rule = (more: string) => `{"rules":[{"name":"r",${more}}]}`;
const job = (more: string) => `{"jobs":[{"name":"a","command":["true"],${more}}]}`;
const window = (more: string) => `{"windows":[{"name":"w",${more}}]}`;
const CRON = "must be a cron expression of five fields (minute hour day month weekday)";

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

/** ▸ marks where the message must point. */
describe("each problem says where it is, what was expected and found, and what to write", () => {
  it.each([
    ["▸[]", "the document must be an object, got []."],
    ['{▸"pollSecond":1}', "pollSecond is not a known key. Did you mean 'pollSeconds'?"],
    [
      '{▸"__proto__":1}',
      `__proto__ is not a known key. Known here: ${Object.keys(configSchema.shape).slice(1).join(", ")}.`,
    ],
    ['{"pollSeconds":▸100}', "pollSeconds must be a number from 0.1 to 60, got 100."],
    ['{"pollSeconds":▸1e999}', "pollSeconds must be a number from 0.1 to 60, got Infinity."],
    [
      '{"balance":{"maxPauseOverhead":▸"5%"}}',
      'balance.maxPauseOverhead must be a number between 0 and 1, got "5%". Write 0.05.',
    ],
    ['{"others":{"ignore":▸"Xorg"}}', 'others.ignore must be a list of texts, got "Xorg". Write ["Xorg"].'],
    [
      job('"pause":{"graceSeconds":▸"30s"}'),
      'jobs[0].pause.graceSeconds must be "auto" or a positive number, got "30s". Write 30.',
    ],
    [
      job('"pause":{"graceSeconds":▸"2 min"}'),
      'jobs[0].pause.graceSeconds must be "auto" or a positive number, got "2 min". Write 120.',
    ],
    [
      job('"pause":{"graceSeconds":▸"soon"}'),
      'jobs[0].pause.graceSeconds must be "auto" or a positive number, got "soon".',
    ],
    [
      job('"pause":{"signal":▸"USR1"}'),
      'jobs[0].pause.signal must be "SIGUSR2", "SIGUSR1", "SIGTERM", "SIGINT", "SIGHUP" or "SIGQUIT", got "USR1". Write "SIGUSR1".',
    ],
    [
      job('"gpuMemoryMiB":▸"5 GiB"'),
      'jobs[0].gpuMemoryMiB must be a positive number, got "5 GiB". Write 5120.',
    ],
    [
      job('"gpuMemoryMiB":▸"5 GB"'),
      'jobs[0].gpuMemoryMiB must be a positive number, got "5 GB". Write 4768.',
    ],
    [job('"gpus":▸1.5'), "jobs[0].gpus must be a whole number of at least 0, got 1.5."],
    [job('▸"priorty":1'), "jobs[0].priorty is not a known key. Did you mean 'priority'?"],
    [job('"env":{"A":▸1}'), 'jobs[0].env.A must be a text, got 1. Write "1".'],
    [
      job('"checkpoint":{"everyMinutes":▸"2 h"}'),
      'jobs[0].checkpoint.everyMinutes must be a number of at least 0, got "2 h". Write 120.',
    ],
    [
      job('"restart":{"onFailure":▸"true"}'),
      'jobs[0].restart.onFailure must be true or false, got "true". Write true.',
    ],
    ['{"jobs":[▸{"name":"a"}]}', "jobs[0].command is missing: it must be a list of texts that isn't empty."],
    [
      '{"jobs":[{"name":▸"a b","command":["true"]}]}',
      `jobs[0].name must be a name of letters, digits, '.', '_' and '-', at most 64 long, got "a b". Write "a-b".`,
    ],
    [
      '{"jobs":[{"name":"a","command":▸"python train.py"}]}',
      `jobs[0].command must be a list of texts that isn't empty, got "python train.py". Write ["python","train.py"].`,
    ],
    [
      '{"jobs":[{"name":"a","command":▸"a && b"}]}',
      `jobs[0].command must be a list of texts that isn't empty, got "a && b". Write ["bash","-c","a && b"].`,
    ],
    ['{"jobs":[{"name":"a","command":[▸""]}]}', 'jobs[0].command[0] must be a program, got "".'],
    [
      '{"jobs":[{"name":"a","command":[▸"/usr/bin/docker","run"]}]}',
      `jobs[0].command[0] must not be a container client, got "/usr/bin/docker": the container's processes are not the client's children, so they could neither be paused nor told from other people's. Run the program itself.`,
    ],
    [
      '{"jobs":[{"name":"a","command":["x"]},{"name":▸"a","command":["x"]}]}',
      'jobs[1].name must be unique, but jobs[0] is named "a" too.',
    ],
    [
      rule('"metric":▸"cpu.other","above":1,"clear":{"below":1}'),
      'rules[0].metric must be a known metric, got "cpu.other". Write "cpu.others".',
    ],
    [
      '{"rules":[▸{"name":"r","metric":"cpu.others","clear":{"below":1}}]}',
      "rules[0] must have one of 'above' and 'below', but has neither.",
    ],
    [
      '{"rules":[▸{"name":"r","metric":"cpu.others","above":1,"below":2,"clear":{"below":1}}]}',
      "rules[0] must have one of 'above' and 'below', but has both.",
    ],
    [
      rule('"metric":"cpu.others","above":60,"clear":{"below":▸80}'),
      "rules[0].clear.below must be at most 60 (where the pressure begins), got 80: the rule would be in pressure and clear at once.",
    ],
    [
      rule('"metric":"memory.availablePercent","below":5,"clear":{"above":▸3}'),
      "rules[0].clear.above must be at least 5 (where the pressure begins), got 3: the rule would be in pressure and clear at once.",
    ],
    [
      rule('"metric":"cpu.others","above":60,"clear":{▸"above":80}'),
      `rules[0].clear.above is on the same side as the pressure: a rule with 'above' clears 'below'. Write "below".`,
    ],
    [
      rule('"metric":"gpu.temperature","above":▸"90 °C","clear":{"below":75}'),
      'rules[0].above must be a number, got "90 °C". Write 90.',
    ],
    [
      rule('"metric":"memory.availableMiB","below":▸"2GiB","clear":{"above":4000}'),
      'rules[0].below must be a number, got "2GiB". Write 2048.',
    ],
    [
      rule('"metric":"cpu.others","above":60,"clear":{"below":30},"jobs":[▸"train"]'),
      'rules[0].jobs[0] must be the name of a job, got "train". There are none.',
    ],
    [
      window('"opens":▸"22:00","closes":"0 7 * * *"'),
      `windows[0].opens ${CRON}, got "22:00". Write "0 22 * * *".`,
    ],
    [window('"opens":▸"0 0 22 * * *","closes":"0 7 * * *"'), `windows[0].opens ${CRON}, got "0 0 22 * * *".`],
    [window('"opens":▸"@daily","closes":"0 7 * * *"'), `windows[0].opens ${CRON}, got "@daily".`],
    [
      window('"opens":▸"0 25 * * *","closes":"0 7 * * *"'),
      `windows[0].opens ${CRON}, got "0 25 * * *". The hour can't be "25".`,
    ],
    ['{"windows":[▸{"name":"w","opens":"0 22 * * *"}]}', "windows[0].closes is missing: it must be a text."],
    [
      window('"opens":"0 22 * * *","closes":"0 7 * * *","timezone":▸"Asia/Shangai"'),
      'windows[0].timezone must be an IANA time zone, got "Asia/Shangai". Did you mean "Asia/Shanghai"?',
    ],
  ])("%s", (text, message) => {
    const column = text.indexOf("▸") + 1;
    expect(problems(text.replace("▸", ""))).toEqual([`c.json:1:${column}: ${message}`]);
  });

  it("and they come all at once, in the order of the file", () => {
    const found = problems(`{
      "pollSecond": 1,
      "rules": [{ "name": "r", "metric": "cpu.others", "above": 60, "clear": { "below": 80 }, "jobs": ["trian"] }],
      "windows": [{ "name": "w", "opens": "nope", "closes": "0 7 * * *", "timezone": "Mars" }],
      "jobs": [{ "name": "train", "command": ["docker"], "pause": { "graceSeconds": "30s" } }]
    }`);
    expect(found.map((line) => line.split(" ", 2).join(" "))).toEqual([
      "c.json:2:7: pollSecond",
      "c.json:3:89: rules[0].clear.below",
      "c.json:3:104: rules[0].jobs[0]",
      "c.json:4:43: windows[0].opens",
      "c.json:4:86: windows[0].timezone",
      "c.json:5:47: jobs[0].command[0]",
      "c.json:5:85: jobs[0].pause.graceSeconds",
    ]);
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
      "rules[0].clear leaves no gap: a reading near 60 would pause and resume in turn. Move the two apart, or let 'clear.forSeconds' be longer.",
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
