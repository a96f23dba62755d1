/**
 * What a person changes of a job that has run: where it goes on from, its settings, how long it may run.
 * Covers: src/cli/commands/jobs/rerun.ts, src/cli/commands/jobs/edit-run-job.ts, src/cli/commands/jobs/settings.ts,
 * src/decide/lifecycle/checkpoints/earlier-checkpoints.ts, src/decide/pauses/time-limit.ts
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../until.ts";
import { CommandLine } from "./command-line.ts";

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

const TRAINER = resolve(import.meta.dirname, "../children/torture-job.ts");
const configured = (...jobs: object[]) =>
  cli.write(
    "supervisor.config.json",
    JSON.stringify({ pollSeconds: 0.2, stateDirectory: "s", rules: [], jobs }),
  );
const trainer = (more: object = {}) => ({
  name: "trained",
  command: ["node", TRAINER, "--ledger", cli.file("ledger"), "--finish", cli.file("finish")],
  checkpoint: { everyMinutes: 0.005, keep: 4 },
  ...more,
});
const view = async (name: string) => {
  const { jobs } = JSON.parse((await cli.say("status", "--json")).out);
  return jobs.find((job: { name: string }) => job.name === name);
};
const saved = (): number[] =>
  readdirSync(join(cli.file("s"), "jobs", "trained", "checkpoints"))
    .flatMap((name) => /^step-(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);

test("rerun --from goes on from an earlier checkpoint, bit for bit, and later ones aren't used again", async () => {
  configured(trainer());
  await cli.say("start", "--detach");
  await until("several checkpoints", () => saved().length >= 4);
  expect(await cli.say("rerun", "trained", "--from", "1")).toMatchObject({ code: 1 });
  await cli.say("pause", "trained");
  await cli.say("cancel", "trained");
  const steps = saved();
  const from = steps[1] as number;
  expect(await cli.say("rerun", "trained", "--from", "999999999")).toMatchObject({
    code: 1,
    err: expect.stringContaining(
      "has no checkpoint of step 999,999,999. Those that it can go on from: step ",
    ),
  });
  expect(await cli.say("rerun", "trained", "--from", "newest")).toMatchObject({ code: 2 });
  expect((await cli.say("rerun", "trained", "--from", `${from}`)).code).toBe(0);
  const ledger = () => readFileSync(cli.file("ledger"), "utf8").split("\n");
  const [begins = ""] = await until("it goes on", () => {
    const found = ledger().filter((line) => line.includes(" begins "));
    return found.length === 2 ? found.slice(1) : null;
  });
  const at = (step: number) =>
    ledger()
      .filter((line) => line.includes(` step ${step} `))
      .map((line) => line.split(" ")[3]);
  expect(begins).toContain(` begins ${from} `);
  // The weights that it loaded are those of that step.
  expect(begins.split(" ")[3]).toBe(at(from)[0]);
  await until("it has done the steps again", () => at((steps.at(-1) as number) - 1).length === 2);
  expect(new Set(at((steps.at(-1) as number) - 1)).size).toBe(1);
  const events = (await cli.say("audit", "--kind", "resume.requested")).out;
  expect(events.replace(/\s+/g, " ")).toContain("again from step");
  await cli.say("pause", "trained");
  // What the second life has saved is the newest, though its step is lower.
  expect((await view("trained")).checkpoint.step).toBe(saved().at(-1));
});

test("a rerun says where it has put the checkpoints so far, and a refused --from that its step is there", async () => {
  configured(trainer());
  await cli.say("start", "--detach");
  await until("a checkpoint", () => saved().length >= 2);
  await cli.say("pause", "trained");
  const newest = saved().at(-1) as number;
  await cli.say("cancel", "trained");
  const { out } = await cli.say("rerun", "trained");
  expect(out).toMatch(
    /^trained {2}its checkpoints so far were set aside, in ~\/s\/jobs\/trained\/checkpoints-1$/m,
  );
  await cli.say("cancel", "trained");
  // What it has saved since may be further on by then.
  rmSync(cli.file("s/jobs/trained/checkpoints"), { recursive: true });
  mkdirSync(cli.file("s/jobs/trained/checkpoints"));
  const { code, err } = await cli.say("rerun", "trained", "--from", `${newest}`);
  expect(code).toBe(1);
  const put =
    /^An earlier rerun has set one aside: ~(\S+)\. To .* in ~(\S+), move .*: supervisor (resume .*)$/m.exec(
      err,
    );
  const [, from = "", to = "", command = ""] = put ?? [];
  expect(from).toMatch(/^\/s\/jobs\/trained\/checkpoints-1\/step-/);
  renameSync(cli.file(from), join(cli.file(to), basename(from)));
  expect((await cli.say(...command.split(" "))).out).toContain(
    `(run 3, from step ${newest.toLocaleString("en")})`,
  );
});

test("a time limit saves and ends a job, which isn't run again unless a person says so", async () => {
  configured(trainer({ timeLimitMinutes: 0.3 }), {
    name: "plain",
    command: ["sleep", "999"],
    timeLimitMinutes: 0.05,
  });
  await cli.say("start", "--detach");
  const [trained, plain] = await Promise.all([cli.say("wait", "trained"), cli.say("wait", "plain")]);
  expect([trained.code, plain.code]).toEqual([1, 1]);
  expect(trained.out).toMatch(
    /failed: Its time limit is reached: 18 s at work\. Its last checkpoint is of step/,
  );
  expect(plain.out).toContain("Its time limit is reached: 3 s at work.");
  const { checkpoint, run } = await view("trained");
  expect(checkpoint.step).toBe(saved().at(-1));
  expect((await cli.say("resume", "trained")).code).toBe(0);
  expect((await view("trained")).run).toBe(run + 1);
  expect((await view("plain")).state).toBe("failed");
});

test("edit changes a job of 'run', and refuses what its settings can't be", async () => {
  configured();
  await cli.say("run", "--name", "added", "--priority", "3", "--", "sleep", "999");
  expect(
    await cli.say("edit", "added", "priority=8", 'command=["sleep","998"]', "pause.method=freeze"),
  ).toMatchObject({
    code: 0,
    out: expect.stringContaining("Changed 'added', a job of 'run'."),
  });
  expect(await view("added")).toMatchObject({
    priority: 8,
    command: ["sleep", "998"],
    origin: "run",
    method: "freeze",
  });
  const refused = await cli.say("edit", "added", "priority=high", "timeLimitMinutes=-2", "colour=red");
  expect(refused.code).toBe(2);
  for (const said of ["priority must be", "timeLimitMinutes must be a positive", "colour is not a known key"])
    expect(refused.err).toContain(said);
  for (const [change, said] of [
    ['after=["added"]', "'added' starts after itself"],
    ["name=other", "can't be changed"],
  ])
    expect(await cli.say("edit", "added", change as string)).toMatchObject({
      code: 2,
      err: expect.stringContaining(said as string),
    });
  await cli.say("edit", "added", "priority=");
  expect((await view("added")).priority).toBe(0);
  expect((await cli.say("audit", "--kind", "config.changed")).out).toContain("changed its settings (");
  // The next supervisor knows them, too.
  await cli.say("stop");
  await cli.say("start", "--detach");
  expect(await view("added")).toMatchObject({ command: ["sleep", "998"], origin: "run" });
});
