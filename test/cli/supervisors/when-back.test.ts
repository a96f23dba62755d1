/** A supervisor that runs and answers nobody, since somebody has stopped its process: no command waits for it for ever. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { readStat } from "../../../src/sense/proc/process.ts";
import { until } from "../../until.ts";
import { CommandLine } from "../command-line.ts";

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

it("each command says that it is stopped, and how it goes on", async () => {
  cli.write("supervisor.config.json", JSON.stringify({ stateDirectory: "state", rules: [], jobs: [] }));
  expect(await cli.say("start", "--detach")).toMatchObject({ code: 0 });
  const { pid } = JSON.parse((await cli.say("status", "--json")).out).supervisor;
  process.kill(pid, "SIGSTOP");
  try {
    await until("it to stand still", () => readStat(pid)?.state === "T");
    const told = new RegExp(`its process ${pid} is stopped \\(.*\\n?.*kill -CONT ${pid}`);
    for (const words of ["status", "why", "stop", "start --detach", "run --name a -- true"])
      expect(await cli.say(...words.split(" "))).toMatchObject({ code: 1, err: expect.stringMatching(told) });
    expect((await cli.say("status", "--all")).out.replaceAll(/\s+/g, " ")).toContain(`kill -CONT ${pid}`);
  } finally {
    process.kill(pid, "SIGCONT");
  }
  expect(await cli.say("status")).toMatchObject({ code: 0 });
});
