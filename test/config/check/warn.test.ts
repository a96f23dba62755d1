/** Covers: src/config/check/jobs/check-files.ts, src/config/check/rule-doubts.ts */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkText, loadConfig } from "../../../src/config/load.ts";
import { formatProblem } from "../../../src/config/problem.ts";
import { rule, window } from "../texts.ts";

const MEMORY_MIB = Math.floor(totalmem() / 2 ** 20);

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
      rule('"metric":"memory.availableMiB","below":1000,"clear":{"above":900000000}'),
      `rules[0].clear.above can't be reached, so what this rule pauses would stay paused: memory.availableMiB is at most ${MEMORY_MIB} on this machine.`,
    ],
    [
      rule(`"metric":"memory.othersMiB","above":${MEMORY_MIB},"clear":{"below":100}`),
      `rules[0].above can't be reached: memory.othersMiB is at most ${MEMORY_MIB} on this machine.`,
    ],
    [
      rule('"metric":"cpu.others","above":0.6,"clear":{"below":0.3}'),
      "rules[0].above is in percent, so 0.6 is less than 1 %. Write 60 if a share of 0.6 is meant.",
    ],
    [
      rule('"metric":"memory.availablePercent","below":0.07,"clear":{"above":0.15}'),
      "rules[0].below is in percent, so 0.07 is less than 1 %. Write 7 if a share of 0.07 is meant.",
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

  it.each([
    [
      "a share of the time that programs stall",
      '"metric":"pressure.memory.full","above":0.6,"clear":{"below":0.3}',
    ],
    ["anything at all", '"metric":"cpu.others","above":1,"clear":{"below":0.5}'],
    ["a metric that isn't in percent", '"metric":"gpu.throttled","above":0.6,"clear":{"below":0.3}'],
    [
      "memory that is there",
      `"metric":"memory.availableMiB","below":100,"clear":{"above":${MEMORY_MIB - 1}}`,
    ],
  ])("none about a small threshold, or a large one, for %s", (_, more) => {
    expect(doubts(rule(more))).toEqual([]);
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
      {"name":"c","command":["true"],"cwd":"gone"},
      {"name":"d","command":["python train.py --lr 3"]},
      {"name":"e","command":["~/bin/train"]},
      {"name":"f","command":["node","~/train.js"]}]}`;
    const inFull = "No shell expands '~/' in a command: write the path in full.";
    expect(doubts(text)).toEqual([
      `jobs[0].command[1] is missing: ${join(directory, "here", "nope.ts")}.`,
      `jobs[0].envFile is missing: ${join(directory, ".env")}.`,
      "jobs[1].command[0] can't be run here: 'no-such-program' was not found in PATH.",
      `jobs[2].cwd is not a folder on this machine: ${join(directory, "gone")}.`,
      `jobs[3].command[0] can't be run here: 'python train.py --lr 3' was not found in PATH. Write ["python","train.py","--lr","3"].`,
      `jobs[4].command[0] can't be run here: ${join(directory, "~/bin/train")} does not exist. ${inFull}`,
      `jobs[5].command[1] is missing: ${join(directory, "~/train.js")}. ${inFull}`,
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
