import { afterEach, beforeEach, expect, it } from "vitest";
import { until } from "../../until.ts";
import { CommandLine } from "../command-line.ts";

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(async () => {
  await cli.say("start", "--detach");
  await cli.close();
});

const pidOf = async (name: string): Promise<number> => {
  const { jobs } = JSON.parse((await cli.say("status", "--json")).out);
  return jobs.find((job: { name: string }) => job.name === name).pid;
};

it("names what the last supervisor has left, whoever asks, and how to take it back", async () => {
  cli.write("supervisor.config.json", JSON.stringify({ pollSeconds: 0.2, rules: [] }));
  await cli.say("run", "--name", "plain", "--", "sleep", "1000");
  await cli.say("run", "--name", "held", "--", "sleep", "1000");
  await cli.say("pause", "held", "--freeze");
  await until(
    "both have a pid",
    async () => (await pidOf("plain")) !== null && (await pidOf("held")) !== null,
  );
  const [plain, held] = [await pidOf("plain"), await pidOf("held")];
  await cli.say("stop", "--leave-jobs");

  const left =
    `The programs of 'held' (pid ${held}, frozen: it holds its memory) and 'plain' (pid ${plain}, running) ` +
    "are still there. To take them back: supervisor start";
  for (const words of [["status"], ["cancel", "plain"], ["why"]])
    expect(await cli.say(...words)).toMatchObject({ code: 3, err: expect.stringContaining(`${left}\n`) });
  expect(await cli.say("status", "--all")).toMatchObject({
    code: 3,
    err: expect.stringContaining(`${left} --config ${cli.file("supervisor.config.json")}\n`),
  });

  await cli.say("start", "--detach");
  expect([await pidOf("plain"), await pidOf("held")]).toEqual([plain, held]);
  expect((await cli.say("status", "--all")).err).toBe("");
  await cli.say("cancel", "plain", "held");
  await cli.say("stop");
  expect((await cli.say("status")).err).not.toContain("still there");
});
