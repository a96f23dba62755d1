/**
 * A job that makes room while somebody runs a program that a rule names; its own processes of that name don't count.
 * Covers: src/sense/others/named-programs.ts, src/decide/rules/programs-running.ts, src/config/check/check-meaning.ts
 */
import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../until.ts";
import { CommandLine } from "./command-line.ts";

let cli: CommandLine;
let other: ChildProcess | null = null;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(async () => {
  other?.kill("SIGKILL");
  await cli.close();
});

test("the job is paused while the program runs, and says by whom", async () => {
  const program = cli.file("montage-tool");
  copyFileSync("/bin/sleep", program);
  const rule = {
    name: "somebody cuts",
    metric: "process.running",
    programs: ["montage-*"],
    above: 0,
    clear: { below: 1, forSeconds: 1 },
  };
  const configured = (rules: object[]) =>
    cli.write(
      "supervisor.config.json",
      JSON.stringify({
        pollSeconds: 0.3,
        stateDirectory: "s",
        balance: { settleSeconds: 0, backoffSeconds: 0.1, maxBackoffSeconds: 0.1 },
        rules,
        jobs: [{ name: "train", command: [program, "999"] }],
      }),
    );
  configured([{ ...rule, programs: undefined }]);
  expect(await cli.say("check")).toMatchObject({ code: 2 });
  configured([rule]);
  await cli.say("start", "--detach");
  const state = async () => {
    const { jobs } = JSON.parse((await cli.say("status", "--json")).out);
    return jobs[0].state;
  };
  await until("it runs, though its own process has that name", async () => (await state()) === "running");
  other = spawn(program, ["600"], { stdio: "ignore" });
  await until("it has made room", async () => (await state()) === "frozen");
  expect((await cli.say("why", "train")).out.replace(/\s+/g, " ")).toMatch(
    new RegExp(`'montage-tool' \\(pid ${other.pid}, .*\\) runs; rule 'somebody cuts' allows 0 programs`, "i"),
  );
  other.kill("SIGKILL");
  await until("it goes on", async () => (await state()) === "running");
});
