/**
 * Somebody sets the machine's clock while a command waits: it waits for as long as it says all the same.
 * Covers: src/cli/commands/jobs/wait.ts
 */
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../until.ts";
import { CommandLine } from "./command-line.ts";

const SHIFT_CLOCK = new URL("../torture/shift-clock.ts", import.meta.url).href;
const TWO_HOURS_MS = 2 * 3_600_000;

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

test("wait gives a restarted supervisor its time, though the clock leaps ahead meanwhile", async () => {
  const job = { name: "sleep", command: ["sleep", "1000"] };
  cli.write("supervisor.config.json", JSON.stringify({ stateDirectory: "s", rules: [], jobs: [job] }));
  await cli.say("start", "--detach");

  const offset = cli.write("offset", "0");
  Object.assign(cli.env, { NODE_OPTIONS: `--import=${SHIFT_CLOCK}`, TORTURE_CLOCK: offset });
  const waiting = cli.start("wait", "sleep");
  delete cli.env.NODE_OPTIONS;
  const said = { out: "", err: "" };
  const ended = new Promise<number | null>((done) => waiting.once("close", done));
  waiting.stdout?.on("data", (chunk) => (said.out += chunk));
  const alone = new Promise<void>((done) =>
    waiting.stderr?.on("data", (chunk) => {
      said.err += chunk;
      if (said.err.includes("is gone; waiting")) done();
    }),
  );
  await until("wait follows", async () => /^sleep {2}/m.test(said.err));
  expect(await cli.say("stop", "--leave-jobs")).toMatchObject({ code: 0 });
  await Promise.race([alone, ended]);
  writeFileSync(offset, String(TWO_HOURS_MS));
  // Several of its looks, each of which finds nobody.
  await sleep(2000);
  await cli.say("start", "--detach");
  await cli.say("cancel", "sleep");
  expect({ code: await ended, ...said }).toMatchObject({
    code: 1,
    out: expect.stringContaining("sleep  cancelled"),
  });
});
