/**
 * What can be asked without a supervisor: help, usage errors, check, init, audit and logs.
 * Covers: src/cli/program.ts, src/bin.ts, src/cli/main.ts, src/cli/help/help-text.ts, src/cli/commands/config/help.ts,
 * src/cli/commands/supervisor/declare.ts, src/cli/commands/jobs/declare.ts, src/cli/commands/looking/declare.ts,
 * src/cli/commands/config/declare.ts,
 * src/cli/supervisors/connect.ts, src/cli/habits.ts, src/version.ts, src/refusal.ts
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { program } from "../../src/cli/program.ts";
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
    [["ls"], "There is no command 'ls'. Type:\n  supervisor status   the machine and every job, now\n"],
    [["ps", "--json"], "  supervisor status   "],
    [["list"], "  supervisor status   "],
    [["queue"], "  supervisor status   the machine and every job, now\n  supervisor run      submit"],
    [["submit", "--", "true"], "  supervisor run   submit a command as a new job"],
    [
      ["--config", "ps", "kill", "train-3"],
      "  supervisor cancel   end jobs for good\n  supervisor pause    make",
    ],
    [["stop", "train-3"], "  supervisor pause train-3    make room; "],
    [["stop", "--config", "x", "train-3"], "  supervisor cancel train-3   end jobs for good\n"],
    [["start", "train"], "  supervisor resume train   let jobs run again"],
    [
      ["status", "train"],
      "  supervisor why train    what a job waits for; without a name, all that aren't running",
    ],
    [
      ["report", "train"],
      "  supervisor report --job train   where the time went, and what pausing cost and saved",
    ],
    [["constructor"], "unknown command 'constructor'"],
    [
      ["run", "--", "cd", "/tmp"],
      "Type: supervisor run --cwd /tmp -- COMMAND   or: supervisor run -- bash -c 'cd /tmp && COMMAND'",
    ],
    [["run", "--", "source", "env.sh"], "Type: supervisor run -- bash -c 'source env.sh && COMMAND'"],
    [["run", "--checkpoint-glob", "/bin/ls", "/bin/cat", "--", "true"], "quote the pattern"],
    [["run", "--grace", "long", "true"], "--grace must be a duration like"],
    [["run", "--on-timeout", "stop", "true"], "pause.onTimeout must be"],
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
  expect(await cli.say(...args)).toEqual({
    code: 3,
    out: "",
    err: "No supervisor is running for your own jobs. Start one: supervisor start\n",
  });
});
