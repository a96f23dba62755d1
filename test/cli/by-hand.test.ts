/**
 * What a person asks for by time, by GPU, and while waiting.
 * Covers: src/cli/commands/jobs/pause.ts, src/cli/commands/jobs/resume.ts, src/cli/commands/jobs/wait.ts
 */
import { resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FakeNvml } from "../fakes/nvml/fake.ts";
import { compiler, describeWith } from "../needs.ts";
import { until } from "../until.ts";
import { CommandLine } from "./command-line.ts";

const COUNT = resolve(import.meta.dirname, "../children/count-steps.ts");

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

const started = async (...jobs: object[]) => {
  const config = { pollSeconds: 0.2, stateDirectory: "s", rules: [], balance: { settleSeconds: 0 }, jobs };
  cli.write("supervisor.config.json", JSON.stringify(config));
  expect(await cli.say("start", "--detach")).toMatchObject({ code: 0 });
  await until("all run", async () => Object.values(await cli.states()).every((state) => state === "running"));
};
const counting = (name: string, more: object = {}) => ({
  name,
  command: ["node", COUNT, "--ms", "5"],
  ...more,
});

test("wait says that a job is paused by hand, and --timeout ends it", async () => {
  await started(counting("held"));
  await cli.say("pause", "held");
  const waiting = cli.start("wait", "held");
  let told = "";
  waiting.stderr?.setEncoding("utf8").on("data", (text) => {
    told += text;
  });
  const reason = "held  paused: paused by hand, it ends only after somebody resumes it";
  await until("the reason", () => told.includes(reason));
  waiting.kill();
  const { code, out, err } = await cli.say("wait", "held", "--timeout", "1s");
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(err).toContain("Gave up waiting after");
  expect(await cli.say("wait", "held", "--timeout", "soon")).toMatchObject({ code: 2 });
  // One that ends in time is told as ever.
  await cli.say("cancel", "held");
  expect(await cli.say("wait", "held", "--timeout", "1m")).toMatchObject({
    code: 1,
    out: "held  cancelled\n",
  });
});

test("resume --at holds a paused job until then, and no running one", async () => {
  await started(counting("train"));
  expect(await cli.say("resume", "train", "--at", "23:59")).toMatchObject({
    code: 1,
    err: expect.stringContaining("Not paused: train"),
  });
  await cli.say("pause", "train");
  const at = async (inMs: number): Promise<void> =>
    expect(await cli.say("resume", "train", "--at", new Date(Date.now() + inMs).toISOString())).toMatchObject(
      {
        code: 0,
        out: expect.stringContaining("train: resumes at"),
      },
    );
  await at(3_600_000);
  expect((await cli.say("why", "train")).out).toContain("until");
  await at(20_000);
  await until("it goes on", async () => (await cli.states()).train === "running");
  expect(await cli.say("resume", "train", "--at", "tomorrow")).toMatchObject({ code: 2 });
});

describeWith(compiler)("with GPUs (needs a C compiler)", () => {
  test("pause --gpu pauses the jobs on that GPU alone", async () => {
    const idle = { util: 0, used: 400, total: 24_576 };
    const driver = new FakeNvml({ gpus: [idle, idle] });
    try {
      Object.assign(cli.env, driver.env);
      await started(counting("first", { gpuIds: [0] }), counting("second", { gpuIds: [1] }));
      expect(await cli.say("pause", "--gpu", "7")).toMatchObject({
        code: 2,
        err: expect.stringContaining("There is no GPU '7'; there are: 0 and 1"),
      });
      expect(await cli.say("pause", "--gpu", "1", "--all")).toMatchObject({ code: 2 });
      expect(await cli.say("pause", "--gpu", "1")).toMatchObject({ code: 0 });
      expect(await cli.states()).toEqual({ first: "running", second: "paused" });
      expect((await cli.say("pause", "--gpu", "1")).out).toBe("There is no job to pause.\n");
    } finally {
      driver.close();
    }
  });
});
