/**
 * A command for several jobs says of each what came of it: of those that it can't apply to, too.
 * Covers: src/cli/ask-jobs.ts, src/cli/commands/jobs/cancel.ts, src/cli/commands/jobs/rerun.ts
 */
import { resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { freePorts } from "../free-port.ts";
import { until } from "../until.ts";
import { CommandLine } from "./command-line.ts";

const COUNTS = resolve(import.meta.dirname, "../children/count-steps.ts");
const AGAIN = "To run it again from the beginning: supervisor rerun done";

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

async function begin(...jobs: object[]): Promise<void> {
  cli.write("supervisor.config.json", JSON.stringify({ pollSeconds: 0.2, rules: [], jobs }));
  await cli.say("start", "--detach");
}

async function viewOf(name: string) {
  const { jobs } = JSON.parse((await cli.say("status", "--json")).out);
  return jobs.find((job: { name: string }) => job.name === name);
}

const reaches = (name: string, state: string) =>
  until(`${name} to be ${state}`, async () => (await viewOf(name))?.state === state);

const done = { name: "done", command: ["true"] };
const sleeps = { name: "sleeps", command: ["sleep", "1000"] };

it("one that had ended before is told as if it were named alone, and the others go ahead", async () => {
  await begin(done, sleeps);
  await reaches("done", "finished");
  await reaches("sleeps", "running");
  expect(await cli.say("pause", "done", "sleeps", "--terminate")).toMatchObject({
    code: 1,
    out: expect.stringMatching(/^sleeps {2}ended and paused/m),
    err: expect.stringContaining("'done' has finished already.\n"),
  });
  expect(await cli.say("resume", "done", "sleeps")).toMatchObject({
    code: 1,
    out: expect.stringMatching(/^sleeps {2}running \(run 2\)/),
    err: expect.stringContaining(`'done' has finished already. ${AGAIN}\n`),
  });
  expect(await cli.say("resume", "done", "sleeps", "--no-wait")).toMatchObject({
    code: 1,
    out: "asked for sleeps to resume\n",
    err: `'done' has finished already. ${AGAIN}\n`,
  });
  const cancelled = await cli.say("cancel", "done", "sleeps");
  expect(cancelled).toMatchObject({
    code: 1,
    out: expect.stringMatching(/^sleeps {2}cancelled$/m),
    err: expect.stringContaining("'done' has finished already.\n"),
  });
  expect(cancelled.out).not.toMatch(/^done/m);
  expect(await cli.say("cancel", "done", "sleeps")).toEqual({
    code: 1,
    out: "",
    err: "'done' has finished already.\n'sleeps' has been cancelled already.\n",
  });
});

it("one that refuses keeps no other from being followed", async () => {
  await begin(done, sleeps);
  await reaches("done", "finished");
  await reaches("sleeps", "running");
  expect(await cli.say("rerun", "sleeps", "done")).toMatchObject({
    code: 1,
    // Running, where the machine stands still for as long as a program is watched.
    out: expect.stringMatching(/^done {2}(?:finished|running)/m),
    err: expect.stringContaining("'sleeps' is running; to begin it anew, end it first"),
  });
});

it("one that can't be removed keeps no other on the list", async () => {
  await begin(sleeps, done);
  await reaches("done", "finished");
  await reaches("sleeps", "running");
  const stays = "'sleeps' is running";
  expect(await cli.say("remove", "sleeps", "done")).toMatchObject({
    code: 1,
    out: expect.stringMatching(/^done {2}removed/m),
    err: expect.stringContaining(`sleeps  stays: ${stays}`),
  });
  expect(await cli.say("remove", "sleeps")).toMatchObject({
    code: 1,
    err: expect.stringMatching(`^${stays}`),
  });
});

it("a service that is named beside a job isn't waited for", async () => {
  const port = await freePorts(1);
  const pause = { method: "http", server: "vllm", url: `http://127.0.0.1:${port}` };
  await begin(sleeps, { name: "llm", service: true, gpuIds: [0], pause });
  await reaches("sleeps", "running");
  for (const words of [["pause", "--terminate"], ["rerun"], ["cancel"]]) {
    const { code, err } = await cli.say(...words, "sleeps", "llm");
    expect({ words, code, err }).toEqual({
      words,
      code: 1,
      err: expect.stringContaining("'llm' is a service: it isn't begun, frozen or ended here"),
    });
  }
});

it("one that has no run isn't said to be ended", async () => {
  await begin({ ...sleeps, after: ["first"] }, { name: "first", command: ["sleep", "1000"] });
  await reaches("first", "running");
  const said = {
    code: 0,
    out: expect.stringMatching(/^sleeps {2}held back: it isn't running, and won't start$/m),
  };
  expect(await cli.say("pause", "sleeps", "--terminate")).toMatchObject(said);
  expect(await cli.say("pause", "sleeps")).toMatchObject(said);
  expect(await cli.say("pause", "sleeps", "--until", "2999-01-01T03:00")).toMatchObject({
    code: 0,
    out: expect.stringMatching(
      /^sleeps {2}held back: it isn't running, and won't start before .*2999.* 03:00$/m,
    ),
  });
});

it("only a run that begins is said to go on from a checkpoint, which is the one that it began from", async () => {
  await begin({ name: "count", command: ["node", COUNTS] });
  // Before its first report it would only be frozen.
  await until("its first step", async () => (await viewOf("count"))?.progress?.step > 0);
  expect(await cli.say("pause", "count")).toMatchObject({ code: 0 });
  expect((await cli.say("resume", "count")).out).toMatch(/^count {2}running \(run 2, from step [\d,]+\)\n$/);
  expect((await cli.say("resume", "count")).out).toBe("count  running (run 2)\n");
  expect(await cli.say("pause", "count", "--freeze")).toMatchObject({ code: 0 });
  expect((await cli.say("resume", "count")).out).toBe("count  running (run 2)\n");
});
