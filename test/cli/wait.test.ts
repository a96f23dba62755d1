/**
 * `wait` remembers what it has told, though the supervisor is restarted before the last job ends.
 * Covers: src/cli/commands/jobs/wait.ts
 */
import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../until.ts";
import { CommandLine } from "./command-line.ts";

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

test("a job that ended badly before the supervisor went still makes wait end with 1", async () => {
  const flag = cli.file("go");
  const good = { name: "good", command: ["sh", "-c", `until [ -e ${flag} ]; do sleep 0.1; done`] };
  const jobs = [{ name: "bad", command: ["sleep", "1000"] }, good];
  cli.write("supervisor.config.json", JSON.stringify({ stateDirectory: "s", rules: [], jobs }));
  await cli.say("start", "--detach");

  // Longer than any timer of Node's.
  const waiting = cli.start("wait", "bad", "good", "--timeout", "30d");
  let [out, err] = ["", ""];
  waiting.stdout?.on("data", (chunk) => (out += chunk));
  waiting.stderr?.on("data", (chunk) => (err += chunk));
  const ended = new Promise<number | null>((done) => waiting.once("close", done));
  await until("wait follows", () => err.includes("good  running"));
  await cli.say("cancel", "bad");
  await until("the first is told", () => out.includes("bad  cancelled"));

  await cli.say("stop", "--leave-jobs");
  await until("the loss is told", () => err.includes("is gone; waiting"));
  await cli.say("start", "--detach");
  writeFileSync(flag, "");
  expect({ code: await ended, out }).toEqual({ code: 1, out: "bad  cancelled\ngood  finished\n" });
});
