/** What can be asked without a supervisor: help, usage errors, check, init, audit and logs. */
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { program } from "../../src/cli/program.ts";
import { createJournal } from "../../src/record/journal.ts";
import { upkeep } from "../../src/record/upkeep/upkeep.ts";
import { untilHolds } from "../until.ts";
import { BIN, CommandLine } from "./command-line.ts";

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

describe("help", () => {
  it("names every command as the command itself does, three examples and the exit codes", async () => {
    const { code, out, err } = await cli.say("--help");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const command of program().commands) {
      const line = out.split("\n").find((one) => one.startsWith(`  ${command.name()} `));
      if (command.name() !== "help") expect(line).toContain(command.description());
      expect(line).toBeDefined();
    }
    expect(out.split("Examples:")[1]?.match(/^ {2}supervisor /gm)).toHaveLength(3);
    expect(out).toContain("Exit codes: 0 done, 1 failed, 2 bad usage or config, 3 no supervisor running");
    for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    for (const args of [[], ["-h"], ["help"]])
      expect(await cli.say(...args)).toEqual({ code: 0, out, err: "" });
  });

  it("loads nothing but the command line itself", async () => {
    const coverage = mkdtempSync(join(tmpdir(), "coverage-"));
    cli.env.NODE_V8_COVERAGE = coverage;
    await cli.say("--help");
    delete cli.env.NODE_V8_COVERAGE;
    const scripts = readdirSync(coverage).flatMap((name) =>
      JSON.parse(readFileSync(join(coverage, name), "utf8")).result.map(({ url }: { url: string }) => url),
    );
    rmSync(coverage, { recursive: true });
    const ours = scripts.filter((url: string) => url.startsWith("file:"));
    expect(ours.length).toBeGreaterThan(2);
    const allowed = /\/dist\/(bin|main|help-text|own-files|refusal|version)\.js$/;
    expect(ours.filter((url: string) => !allowed.test(url))).toEqual([]);
  });

  it("tells of each command and topic, and guesses at others", async () => {
    expect((await cli.say("help", "pause")).out).toContain("--for <duration>");
    expect((await cli.say("audit", "verify", "--help")).out).toContain("--expect <hash>");
    expect((await cli.say("help", "python")).out).toContain("SUPERVISOR_RESUME_FROM");
    expect(await cli.say("help", "pyton")).toMatchObject({
      code: 2,
      err: "There is no help on 'pyton'. Did you mean 'python'?\n",
    });
  });

  it("tells the version", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    expect(await cli.say("--version")).toEqual({ code: 0, out: `${version}\n`, err: "" });
  });

  it("the first file has no imports that an old Node could stumble over", () => {
    expect(readFileSync(BIN, "utf8")).not.toMatch(/^\s*import\s+[^(]/m);
    expect(readFileSync(BIN, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
  });
});

describe("bad usage ends with 2 and says what would be right", () => {
  it.each([
    [["statsu"], "(Did you mean status?)"],
    [["status", "--jsno"], "(Did you mean --json?)"],
    [["cancel"], "missing required argument 'JOB'"],
    [["run"], "missing required argument 'COMMAND'"],
    [["run", "--", "no-such-program"], "It can't be run: 'no-such-program' was not found in PATH."],
    [["run", "--name", "a b", "true"], "name must be a name of letters, digits"],
    [["run", "--priority", "high", "true"], "priority must be a whole number, got"],
    [["run", "--gpus", "1.5", "true"], "gpus must be a whole number of at least 0, got 1.5."],
    [["run", "--pause-signal", "TERM", "true"], 'got "TERM". Write "SIGTERM".'],
    [["run", "--env", "NOT_SET_ANYWHERE", "true"], "--env must be NAME=value"],
    [
      ["pause", "a", "--for", "2 hours"],
      "--for must be a duration like 90s, 45m, 2h, 1h30m or 1d, got '2 hours'.",
    ],
    [["pause", "a", "--until", "25:00"], "--until must be a time like 18:00"],
    [["pause", "a", "--for", "2h", "--until", "18:00"], "Give --for or --until, not both."],
    [["audit", "--kind", "pause.complete"], "Did you mean 'pause.completed'?"],
    [["audit", "-n", "0"], "-n must be a positive whole number, got '0'."],
    [["audit", "--since", "yesterday"], "--since must be a time"],
    [["logs", "a", "-n", "x"], "-n must be a whole number, got 'x'."],
    [["start", "--headless", "--detach"], "Give --headless or --detach, not both."],
  ])("%j", async (args, message) => {
    const { code, err, out } = await cli.say(...args);
    expect(err).toContain(message);
    expect({ code, out }).toEqual({ code: 2, out: "" });
  });
});

it.each([
  ["status"],
  ["why"],
  ["dashboard"],
  ["pause", "--all"],
  ["resume", "a"],
  ["cancel", "a"],
  ["wait", "a"],
  ["stop"],
])("without a supervisor, %s ends with 3 and says how to start one", async (...args) => {
  const database = join(cli.stateDirectory, "supervisor.sqlite");
  expect(await cli.say(...args)).toEqual({
    code: 3,
    out: "",
    err: `No supervisor is running for ${database}. Start one: supervisor start\n`,
  });
});

describe("check", () => {
  it("ends with 0 for a config that is right, with its doubts", async () => {
    cli.write(
      "supervisor.config.json",
      '{"jobs":[{"name":"a","command":["true"]},{"name":"b","command":["no-such"]}],"rules":[]}',
    );
    expect(await cli.say("check")).toEqual({
      code: 0,
      out: "supervisor.config.json is valid: 2 jobs, 0 rules, 0 windows, 1 warning.\n",
      err: `supervisor.config.json:1:65: warning: jobs[1].command[0] can't be run here: 'no-such' was not found in PATH.\n`,
    });
  });

  it("ends with 2 and every problem, also those that start finds", async () => {
    const file = cli.write("bad.json", '{\n  "pollSeconds": "1s",\n  "jbos": []\n}');
    const err = `bad.json:2:18: pollSeconds must be a number from 0.1 to 60, got "1s". Write 1.\nbad.json:3:3: jbos is not a known key. Did you mean 'jobs'?\n2 problems.\n`;
    expect(await cli.say("check", "bad.json")).toEqual({ code: 2, out: "", err });
    expect(await cli.say("check", "--config", file)).toEqual({ code: 2, out: "", err });
    expect(await cli.say("--config", file, "check")).toEqual({ code: 2, out: "", err });
    expect(await cli.say("start", "--config", file)).toEqual({ code: 2, out: "", err });
    expect(await cli.say("start", "--detach", "--config", file)).toEqual({ code: 2, out: "", err });
    const json = JSON.parse((await cli.say("check", "--json", "bad.json")).out);
    expect(json).toMatchObject({
      schemaVersion: 1,
      ok: false,
      file,
      problems: [{ line: 2, path: "pollSeconds" }, { line: 3 }],
    });
  });

  it("says that defaults hold where there is no config, and that a named one is missing", async () => {
    expect((await cli.say("check")).out).toContain(
      "the built-in defaults apply: 0 jobs, 5 rules, 0 windows.",
    );
    expect(await cli.say("check", "gone.json")).toMatchObject({
      code: 2,
      err: "gone.json: does not exist. Write one: supervisor init\n1 problem.\n",
    });
  });
});

describe("init", () => {
  it("writes a config that is right, once", async () => {
    expect(await cli.say("init")).toMatchObject({
      code: 0,
      out: expect.stringContaining("Wrote supervisor.config.json."),
    });
    expect(await cli.say("check")).toMatchObject({ code: 0, err: "" });
    const text = readFileSync(cli.file("supervisor.config.json"), "utf8");
    const schema = /"\$schema": "(.+)"/.exec(text)?.[1] as string;
    expect(JSON.parse(readFileSync(schema, "utf8")).title).toContain("supervisor.config.json");
    expect(await cli.say("init")).toMatchObject({
      code: 1,
      err: expect.stringContaining("already exists and was left unchanged"),
    });
    expect(readFileSync(cli.file("supervisor.config.json"), "utf8")).toBe(text);
  });

  it("names the schema by a relative path where the package lies beside the config or below it", async () => {
    const path = resolve(dirname(BIN), `../init-${process.pid}.config.json`);
    try {
      expect(await cli.say("init", "--config", path)).toMatchObject({ code: 0, err: "" });
      expect(readFileSync(path, "utf8")).toContain('"$schema": "./supervisor.schema.json"');
    } finally {
      rmSync(path, { force: true });
    }
  });

  it("puts training scripts that lie there into it", async () => {
    cli.write("train.py", "");
    cli.write("train_vocoder.ts", "");
    cli.write("trainer.txt", "");
    await cli.say("init");
    const { config } = JSON.parse((await cli.say("check", "--json")).out);
    expect(
      config.jobs.map(({ name, command }: { name: string; command: string[] }) => [name, command]),
    ).toEqual([
      ["train", ["python", "train.py"]],
      ["train_vocoder", ["node", "train_vocoder.ts"]],
    ]);
  });
});

describe("logs", () => {
  it("gives the last lines, as text and as JSON, and knows who has a log", async () => {
    mkdirSync(join(cli.stateDirectory, "logs"), { recursive: true });
    cli.write("state/gpu-job-supervisor/logs/train.log", "one\ntwo\nthree\nfou");
    expect(await cli.say("logs", "train", "-n", "2")).toEqual({ code: 0, out: "three\nfou\n", err: "" });
    expect((await cli.say("logs", "train", "-n", "1", "--json")).out).toBe(
      '{"schemaVersion":1,"job":"train","line":"fou"}\n',
    );
    expect(await cli.say("logs", "trian")).toEqual({
      code: 2,
      out: "",
      err: "There is no job 'trian'. Did you mean 'train'?\n",
    });
    expect(await cli.say("logs", "../train")).toMatchObject({ code: 2 });
  });

  it("-f goes on with what is written, also into a new file", async () => {
    mkdirSync(join(cli.stateDirectory, "logs"), { recursive: true });
    const path = join(cli.stateDirectory, "logs", "train.log");
    writeFileSync(path, "one\ntw");
    const child = cli.start("logs", "-f", "train");
    let out = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk) => {
      out += chunk;
    });
    const shows = (text: string) => untilHolds(() => expect(out).toBe(text));
    await shows("one\n");
    appendFileSync(path, "o\nthree\n");
    await shows("one\ntwo\nthree\n");
    writeFileSync(`${path}.new`, "new\n");
    renameSync(`${path}.new`, path);
    await shows("one\ntwo\nthree\nnew\n");
    child.kill();
  });
});

describe("audit", () => {
  const NOW = { wallMs: Date.now(), monotonicMs: 0 };
  const fill = (count: number) => {
    const database = join(cli.stateDirectory, "supervisor.sqlite");
    mkdirSync(dirname(database), { recursive: true });
    const journal = createJournal(database, { retention: { samplesFullHours: 24, samplesThinnedDays: 30 } });
    const events = Array.from({ length: count }, (_, i) => ({
      kind: i % 2 === 0 ? ("pause.completed" as const) : ("job.started" as const),
      job: i % 3 === 0 ? "a" : "b",
      run: 1,
      actor: "user" as const,
      reason: `Number ${i}.`,
    }));
    const appended = journal.append(events, NOW);
    journal.close();
    if (!appended.ok) throw new Error(appended.problem);
    return appended.events;
  };

  it("says that there is none yet", async () => {
    expect(await cli.say("audit")).toMatchObject({
      code: 1,
      err: expect.stringContaining("There is no audit log yet at "),
    });
    expect(await cli.say("audit", "verify")).toMatchObject({ code: 1 });
  });

  it("gives events by job, kind, time and number, one JSON document per line", async () => {
    fill(12);
    const ids = async (...args: string[]) =>
      (await cli.say("audit", "--json", ...args)).out
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line).id);
    expect(await ids()).toHaveLength(12);
    expect(await ids("--job", "a")).toEqual([1, 4, 7, 10]);
    expect(await ids("--job", "a", "--kind", "pause.completed")).toEqual([1, 7]);
    expect(await ids("-n", "2")).toEqual([11, 12]);
    expect(await ids("--since", "1h")).toHaveLength(12);
    expect(await ids("--since", "2999-01-01")).toEqual([]);
    const { out } = await cli.say("audit", "--job", "a", "-n", "1");
    expect(out).toMatch(/^— \d{4}-\d\d-\d\d —\n\d\d:\d\d:\d\d a {2}.*Number 9\.\n$/);
  });

  it("verifies that it is whole, and that a noted event is still there", async () => {
    const events = fill(5);
    const whole = await cli.say("audit", "verify");
    expect(whole).toMatchObject({ code: 0, out: expect.stringContaining("5 events, whole and in order.") });
    const newest = events.at(-1)?.hash as string;
    expect(await cli.say("audit", "verify", "--expect", newest, "--json")).toMatchObject({ code: 0 });
    const cut = await cli.say("audit", "verify", "--expect", `${"0".repeat(63)}1`);
    expect(cut.code).toBe(1);
    expect(cut.out).not.toContain("whole");
  });

  it("says which events were exported, where, and whether they are still whole", async () => {
    fill(12);
    const database = join(cli.stateDirectory, "supervisor.sqlite");
    const keep = { samplesFullHours: 24, samplesThinnedDays: 30, eventsDays: 1 };
    expect(upkeep(database, keep, NOW.wallMs + 2 * 86_400_000)).toMatchObject({ exported: 11 });
    const note =
      /^Events 1 to 11 were exported and aren't shown: see (.*\.events-1-11-[0-9a-f]{12}\.jsonl\.gz)\n$/;
    const all = await cli.say("audit", "--json");
    expect(all.out.trim().split("\n")).toHaveLength(1);
    const [, path = ""] = note.exec(all.err) ?? [];
    expect(await cli.say("audit", "--job", "a")).toMatchObject({
      code: 0,
      out: "No matching events.\n",
      err: all.err,
    });
    expect(await cli.say("audit", "-n", "1")).toMatchObject({ err: "" });
    expect(await cli.say("audit", "--since", "2999-01-01")).toMatchObject({ err: "" });
    expect((await cli.say("audit", "verify")).out).toContain(
      "1 event, whole and in order.\n11 older ones in 1 exported file, which they follow.\n",
    );
    rmSync(path);
    const without = await cli.say("audit", "verify");
    expect(without.code).toBe(0);
    expect(without.out).toContain(
      `Events 1 to 11 were exported to ${path}, which isn't there: they weren't checked.\n`,
    );
    expect(without.out).not.toContain("older ones");
  });

  it.each(["audit", "audit verify"])(
    "%s on a damaged database ends with 1 and a sentence",
    async (command) => {
      fill(500);
      const database = join(cli.stateDirectory, "supervisor.sqlite");
      const bytes = readFileSync(database);
      // The header stays, so that it is still one of ours; every later page is garbage.
      writeFileSync(database, bytes.fill(0xa5, 4096));
      const { code, out, err } = await cli.say(...command.split(" "));
      expect(code).toBe(1);
      expect(out + err).toMatch(
        /^\S+supervisor\.sqlite(: | can't be read: )database disk image is malformed\.?\n$/,
      );
    },
  );

  it("ends with 1 and a sentence where its output can't be written", async () => {
    fill(5000);
    const full = openSync("/dev/full", "w");
    const child = cli.startWithOutput(full, "audit");
    closeSync(full);
    let err = "";
    child.stderr?.on("data", (chunk) => {
      err += chunk;
    });
    const code = await new Promise((done) => child.once("close", done));
    expect({ code, err }).toEqual({
      code: 1,
      err: "The output can't be written: ENOSPC: no space left on device, write.\n",
    });
  });

  it("is quiet when its reader has enough", async () => {
    fill(5000);
    const child = cli.start("audit", "--json");
    let err = "";
    child.stderr?.on("data", (chunk) => {
      err += chunk;
    });
    child.stdout?.once("data", () => child.stdout?.destroy());
    const code = await new Promise((done) => child.once("close", done));
    expect({ code, err }).toEqual({ code: 0, err: "" });
  });
});
