/** A project whose folder was moved, as a user meets it. */
import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { until } from "../../until.ts";
import { CommandLine, type Said } from "../command-line.ts";

const COUNT = resolve(import.meta.dirname, "../../children/count-steps.ts");

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

function write(folder: string, more: object = {}): void {
  mkdirSync(cli.file(folder), { recursive: true });
  const jobs = [{ name: "voices", command: ["node", COUNT, "--ms", "5"] }];
  const config = { pollSeconds: 0.2, rules: [], balance: { settleSeconds: 0 }, jobs, ...more };
  cli.write(join(folder, "supervisor.config.json"), JSON.stringify(config));
}

async function typed(folder: string, ...words: string[]): Promise<Said> {
  cli.cwd = cli.file(folder);
  return await cli.say(...words);
}

const firstSteps = (folder: string) =>
  until("it to begin", async () =>
    [...(await typed(folder, "logs", "voices", "-n", "500")).out.matchAll(/^begins at (\d+)$/gm)].map(
      ([, at]) => Number(at),
    ),
  );

it("is told where its state is, and goes on from it as the sentence says", async () => {
  write("harbour");
  await typed("harbour", "start", "--detach");
  await until("steps", async () => {
    const { jobs } = JSON.parse((await typed("harbour", "status", "--json")).out);
    return jobs[0].progress?.step > 0;
  });
  const { out } = await typed("harbour", "stop");
  expect(out).toContain("Saved and paused: voices.");
  const [place = ""] = readdirSync(join(cli.stateDirectory, "projects"));
  renameSync(cli.file("harbour"), cli.file("quay"));

  // A new project with other jobs has nothing to do with it.
  write("mill", { jobs: [{ name: "flour", command: ["sleep", "900"] }] });
  expect((await typed("mill", "start", "--detach")).err).not.toContain("state directory");

  const { code, err } = await typed("quay", "start", "--detach");
  expect(code).toBe(0);
  expect(err).toMatch(
    /^~\/quay has a new state directory\. What ~\/harbour, which is gone, knew of 'voices' is in /m,
  );
  const [, told = ""] =
    /set "stateDirectory" to "([^"]+)" in the config, then supervisor start --adopt/.exec(err) ?? [];
  expect(told).toContain(place);
  await typed("quay", "stop");

  write("quay", { stateDirectory: told });
  expect(await typed("quay", "start", "--detach", "--adopt")).toMatchObject({ code: 0 });
  await until("its second run", async () => (await firstSteps("quay")).length === 2);
  const [first, second] = await firstSteps("quay");
  expect(first).toBe(0);
  expect(second).toBeGreaterThan(0);
});
