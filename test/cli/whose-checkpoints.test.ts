/**
 * Whose checkpoints a job goes on from, and what a changed command means, as a user meets it.
 * Covers: src/cli/commands/jobs/rerun.ts, src/runs/checkpoints/owner.ts, src/record/last-project.ts,
 * src/tick/earlier-checkpoints.ts, src/decide/lifecycle/checkpoints/earlier-checkpoints.ts
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { NeverComes, until } from "../until.ts";
import { CommandLine, type Said } from "./command-line.ts";

const COUNT = resolve(import.meta.dirname, "../children/count-steps.ts");
const counting = (total: number) => ({
  name: "fit",
  command: ["node", COUNT, "--ms", "5", "--total", `${total}`],
});
const ENDLESS = 1_000_000;

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

function project(name: string, jobs: object[], more: object = {}): void {
  mkdirSync(cli.file(name), { recursive: true });
  const config = { pollSeconds: 0.2, rules: [], balance: { settleSeconds: 0 }, jobs, ...more };
  cli.write(join(name, "supervisor.config.json"), JSON.stringify(config));
}

async function typed(folder: string, ...words: string[]): Promise<Said> {
  cli.cwd = cli.file(folder);
  return await cli.say(...words);
}

async function job(folder: string) {
  const { jobs } = JSON.parse((await typed(folder, "status", "--json")).out);
  return jobs.find(({ name }: { name: string }) => name === "fit");
}

const reaches = (folder: string, state: string, waitsFor?: string) =>
  until(`the job in ${folder} to be ${state}`, async () => {
    const found = await job(folder);
    if (found.state === "failed") throw new NeverComes(JSON.stringify(found.why));
    const codes = found.why.waitingFor.map(({ code }: { code: string }) => code);
    if (found.state !== state || (waitsFor !== undefined && !codes.includes(waitsFor)))
      throw new Error(`it is ${found.state}, ${codes}`);
    return found;
  });

/** Each run's first step, as the program itself wrote it. */
const begins = async (folder: string): Promise<number[]> =>
  [...(await typed(folder, "logs", "fit", "-n", "1000")).out.matchAll(/^begins at (\d+)$/gm)].map(([, at]) =>
    Number(at),
  );

/** Starts it, lets it save, and stops it. Returns the step that it saved. */
async function trainAndStop(folder: string): Promise<number> {
  expect((await typed(folder, "start", "--detach")).code).toBe(0);
  await reaches(folder, "running");
  await until("a step", async () => (await job(folder)).progress?.step > 0);
  expect((await typed(folder, "stop")).code).toBe(0);
  const saves = (await typed(folder, "audit", "--json", "--kind", "pause.completed")).out.trim().split("\n");
  return JSON.parse(saves.at(-1) ?? "").outcome.step;
}

it("a job that finished says so when its command has changed, and runs the new one only when told to", async () => {
  project("hills", [counting(150)]);
  await typed("hills", "start", "--detach");
  await reaches("hills", "finished");
  expect((await typed("hills", "why")).out).toBe("Every job is running or finished.\n");
  expect(await typed("hills", "resume", "fit")).toMatchObject({
    code: 1,
    err: "'fit' has finished already. To run it again from the beginning: supervisor rerun fit\n",
  });
  project("hills", [counting(300)]);
  await until("the edit to be seen", async () => (await job("hills")).why.finishedWith !== undefined);
  const why = (await typed("hills", "why")).out;
  expect(why).toMatch(/^fit {2}finished at .+ with another command: node .+ --total 150$/m);
  expect(why).toMatch(/supervisor rerun fit +runs the new one from the beginning$/m);
  expect((await typed("hills", "status")).out).toContain("with another command: node ");
  expect((await typed("hills", "status")).out).toMatch(/→ .*supervisor rerun fit/);
  expect((await job("hills")).run).toBe(1);
  expect((await typed("hills", "rerun", "fit")).code).toBe(0);
  await until("the second run to end", async () => (await job("hills")).run === 2);
  expect(await reaches("hills", "finished")).toMatchObject({ run: 2, progress: { step: 300 } });
  await expectBegins("hills", [0, 0]);
});

it("rerun sets the checkpoints aside, and none of them is lost or gone on from", async () => {
  project("hills", [counting(ENDLESS)]);
  const saved = await trainAndStop("hills");
  await typed("hills", "start", "--detach");
  await reaches("hills", "running");
  expect(await typed("hills", "rerun", "fit")).toMatchObject({
    code: 1,
    err: "'fit' is running; to begin it anew, end it first: supervisor cancel fit\n",
  });
  await typed("hills", "pause", "fit");
  const stale = (await job("hills")).checkpoint.step;
  expect(stale).toBeGreaterThanOrEqual(saved);
  expect(await typed("hills", "rerun", "fit")).toMatchObject({ code: 0 });
  await typed("hills", "pause", "fit");
  const anew = (await job("hills")).checkpoint.step;
  await typed("hills", "resume", "fit");
  await until("four runs", async () => (await begins("hills")).length === 4);
  await expectBegins("hills", [0, saved, 0, anew]);
  const [place = ""] = readdirSync(join(cli.stateDirectory, "projects"));
  const jobs = join(cli.stateDirectory, "projects", place, "jobs", "fit");
  expect(readdirSync(jobs).sort()).toEqual(["checkpoints", "checkpoints-1"]);
  expect(readdirSync(join(jobs, "checkpoints-1")).length).toBeGreaterThan(1);
});

it("a copied project doesn't take the original's jobs for its own until it is told to", async () => {
  project("hills", [counting(ENDLESS)], { stateDirectory: ".kept" });
  const saved = await trainAndStop("hills");
  const owner = JSON.parse(readFileSync(cli.file("hills/.kept/jobs/fit/checkpoints/owner.json"), "utf8"));
  expect(owner).toEqual({
    project: cli.file("hills/supervisor.config.json"),
    job: "fit",
    command: counting(ENDLESS).command,
  });
  cpSync(cli.file("hills"), cli.file("dunes"), { recursive: true });
  const refused = await typed("dunes", "start", "--detach");
  expect(refused.code).toBe(1);
  expect(refused.err).toMatch(
    /dunes\/\.kept\/supervisor\.sqlite holds the jobs of ~\/hills, not of ~\/dunes\. .*supervisor start --adopt/,
  );
  expect(await typed("dunes", "start", "--detach", "--adopt")).toMatchObject({ code: 0 });
  await reaches("dunes", "running");
  await until("its run", async () => (await begins("dunes")).length === 2);
  await expectBegins("dunes", [0, saved]);
  // Once is enough.
  await typed("dunes", "stop");
  expect(await typed("dunes", "start", "--detach")).toMatchObject({ code: 0 });
  await reaches("dunes", "running");
});

it("another config's checkpoints in the same place are named, and wait for a person", async () => {
  project("hills", [counting(ENDLESS)], { stateDirectory: cli.file("kept") });
  const saved = await trainAndStop("hills");
  project("dunes", [counting(ENDLESS)], { stateDirectory: cli.file("kept"), database: "own.sqlite" });
  expect((await typed("dunes", "start", "--detach")).code).toBe(0);
  await reaches("dunes", "waiting", "checkpoint-owner");
  const why = (await typed("dunes", "why")).out;
  expect(why).toMatch(/written by 'fit' in ~\/hills \(node .*count-steps\.ts/);
  expect(why).toMatch(/supervisor resume fit --adopt +goes on from those checkpoints/);
  expect(why).toMatch(/supervisor rerun fit +sets them aside and begins at the beginning/);
  // A resume alone isn't a yes.
  expect((await typed("dunes", "resume", "fit")).code).toBe(0);
  await reaches("dunes", "waiting", "checkpoint-owner");
  expect((await typed("dunes", "resume", "fit", "--adopt")).code).toBe(0);
  await reaches("dunes", "running");
  // Both share the log.
  await expectBegins("dunes", [0, saved]);
  await typed("dunes", "stop");
  // Now they are the other's.
  await typed("hills", "start", "--detach");
  await reaches("hills", "paused", "checkpoint-owner");
});

/** It runs before its program has said where it begins. */
async function expectBegins(folder: string, steps: number[]): Promise<void> {
  await until("its newest begin", async () => (await begins(folder)).length >= steps.length);
  expect(await begins(folder)).toEqual(steps);
}

it("a job whose database is gone goes on from its own checkpoints", async () => {
  project("hills", [counting(ENDLESS)], { stateDirectory: ".kept" });
  const saved = await trainAndStop("hills");
  for (const name of readdirSync(cli.file("hills/.kept")).filter((one) =>
    one.startsWith("supervisor.sqlite"),
  ))
    rmSync(cli.file(join("hills/.kept", name)));
  await typed("hills", "start", "--detach");
  await reaches("hills", "running");
  await expectBegins("hills", [0, saved]);
});

it("what was run by hand under a name doesn't make a configured job of that name finished", async () => {
  project("hills", []);
  expect((await typed("hills", "run", "--name", "fit", "--", "true")).code).toBe(0);
  expect((await typed("hills", "wait", "fit")).code).toBe(0);
  project("hills", [counting(200)]);
  await until("the job of the config to finish", async () => (await job("hills")).progress?.step === 200);
  await expectBegins("hills", [0]);
});

it("a command run again begins at the beginning, or goes on from the earlier one's checkpoints with --adopt", async () => {
  mkdirSync(cli.file("bare"));
  const words = ["run", "--name", "fit", "--", ...counting(ENDLESS).command];
  const again = async (...more: string[]): Promise<void> => {
    for (const name of readdirSync(cli.stateDirectory).filter((one) => one.startsWith("supervisor.sqlite")))
      rmSync(join(cli.stateDirectory, name));
    expect((await typed("bare", "run", ...more, ...words.slice(1))).code).toBe(0);
    await reaches("bare", "running");
  };
  expect((await typed("bare", ...words)).code).toBe(0);
  await typed("bare", "pause", "fit");
  const saved = (await job("bare")).checkpoint.step;
  await typed("bare", "stop");
  await again("--adopt");
  await expectBegins("bare", [0, saved]);
  await typed("bare", "stop");
  await again();
  await expectBegins("bare", [0, saved, 0]);
});
