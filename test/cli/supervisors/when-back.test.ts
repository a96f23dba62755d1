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
    expect((await cli.say("doctor")).out).toMatch(told);
  } finally {
    process.kill(pid, "SIGCONT");
  }
  expect(await cli.say("status")).toMatchObject({ code: 0 });
});

it("each command that follows says that it was stopped meanwhile, and follows on", async () => {
  const job = { name: "a", command: ["sleep", "600"] };
  cli.write("supervisor.config.json", JSON.stringify({ stateDirectory: "state", rules: [], jobs: [job] }));
  expect(await cli.say("start", "--detach")).toMatchObject({ code: 0 });
  const { pid } = JSON.parse((await cli.say("status", "--json")).out).supervisor;
  const followers = ["wait a", "dashboard"].map((words) => follower(...words.split(" ")));
  await until("both to follow", () => followers.every(({ said }) => /starting|running/.test(said())));
  process.kill(pid, "SIGSTOP");
  const told = `Waiting for the supervisor: its process ${pid} is stopped`;
  try {
    await until("both to tell", () => followers.every(({ said }) => said().includes(told)));
  } finally {
    process.kill(pid, "SIGCONT");
  }
  expect(await cli.say("cancel", "a")).toMatchObject({ code: 0 });
  expect(await cli.say("stop")).toMatchObject({ code: 0 });
  expect(await Promise.all(followers.map(({ code }) => code))).toEqual([1, 0]);
  for (const { said } of followers) expect(said().split(told)).toHaveLength(2);
});

function follower(...words: string[]): { said: () => string; code: Promise<number | null> } {
  const child = cli.start(...words);
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
    });
  return { said: () => text, code: new Promise((done) => child.once("close", done)) };
}
