/**
 * Two projects of one user, each with a supervisor of its own, as a user types it in their folders.
 * Covers: src/cli/supervisors/connect.ts, src/cli/commands/looking/status-all.ts, src/cli/supervisors/settle-common.ts,
 * src/config/project.ts, src/files/supervisors.ts, src/show/plain-all.ts
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { root, testWith } from "../needs.ts";
import { NeverComes, until } from "../until.ts";
import { CommandLine, type Said } from "./command-line.ts";

const COUNT = resolve(import.meta.dirname, "../children/count-steps.ts");
const counting = (to: number) => ({ name: "fit", command: ["node", COUNT, "--ms", "5", "--total", `${to}`] });
const endless = counting(1_000_000);

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

function project(name: string, job: object, more: object = {}): void {
  mkdirSync(cli.file(name), { recursive: true });
  const config = { pollSeconds: 0.2, rules: [], balance: { settleSeconds: 0 }, jobs: [job], ...more };
  cli.write(join(name, "supervisor.config.json"), JSON.stringify(config));
}

async function typed(folder: string, ...words: string[]): Promise<Said> {
  cli.cwd = cli.file(folder);
  return await cli.say(...words);
}

async function job(folder: string, name = "fit") {
  const { jobs } = JSON.parse((await typed(folder, "status", "--json")).out);
  return jobs.find((one: { name: string }) => one.name === name);
}

const reaches = (folder: string, state: string) =>
  until(`the job in ${folder} to be ${state}`, async () => {
    const found = await job(folder);
    if (found.state === "failed") throw new NeverComes(JSON.stringify(found.why));
    if (found.state !== state) throw new Error(`it is ${found.state}`);
    return found;
  });

it("jobs of one name in two folders have nothing to do with each other", async () => {
  project("rivers", counting(200));
  project("lakes", counting(500));
  expect(await typed("rivers", "start", "--detach")).toMatchObject({ code: 0, err: "" });
  expect(await typed("rivers", "wait", "fit")).toMatchObject({ code: 0 });
  expect(await typed("rivers", "stop")).toMatchObject({ code: 0 });
  const begun = await typed("lakes", "start", "--detach");
  expect(begun).toMatchObject({ code: 0, out: expect.stringMatching(/^Supervisor started\./) });
  expect(await typed("lakes", "wait", "fit")).toMatchObject({ code: 0, out: "fit  finished\n" });
  expect((await typed("lakes", "logs", "fit")).out).toMatch(/^begins at 0$/m);
  expect((await job("lakes")).run).toBe(1);
});

it("each command says which supervisor it spoke to, and status shows all of them", async () => {
  project("rivers", endless);
  project("lakes", endless);
  await typed("rivers", "start", "--detach");
  expect((await typed("rivers", "status")).err).toBe("");
  expect(await typed("lakes", "start", "--detach")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^Supervisor started\./),
  });
  await reaches("rivers", "running");
  await reaches("lakes", "running");
  for (const words of [["status"], ["why", "fit"], ["logs", "fit"], ["audit"], ["pause", "fit"]])
    expect((await typed("lakes", ...words)).err).toMatch(/^supervisor of ~\/lakes$/m);
  expect(await typed("lakes", "start", "--detach")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^A supervisor is already running for ~\/lakes\./),
  });
  await reaches("lakes", "paused");
  const all = await typed("rivers", "status", "--all");
  expect(all.code).toBe(0);
  expect(all.out).toMatch(
    /^~\/lakes {3}fit {2}paused .*paused by you.*(\n .*)*\n~\/rivers {2}fit {2}running /,
  );
  const json = await typed("rivers", "status", "--all", "--json");
  expect(json.err).toBe("");
  expect(JSON.parse(json.out).supervisors).toMatchObject([
    { project: cli.file("lakes/supervisor.config.json"), jobs: [{ name: "fit", state: "paused" }] },
    { project: cli.file("rivers/supervisor.config.json"), jobs: [{ name: "fit", state: "running" }] },
  ]);
  expect((await typed("lakes", "status", "--json")).err).toBe("");
  mkdirSync(cli.file("empty"));
  expect(await typed("empty", "status")).toEqual({
    code: 3,
    out: "",
    err:
      "No supervisor is running for your own jobs. Start one: supervisor start\n" +
      "Running: ~/lakes and ~/rivers. See: supervisor status --all\n",
  });
  await typed("lakes", "stop");
  expect((await typed("rivers", "status", "--all")).out).not.toContain("lakes");
});

it("supervisors that can't be listed aren't said not to run", async () => {
  mkdirSync(cli.stateDirectory, { recursive: true });
  writeFileSync(join(cli.stateDirectory, "supervisors"), "");
  expect(await cli.say("status", "--all")).toMatchObject({
    code: 1,
    err: expect.stringMatching(
      /^Which supervisors you have can't be told: \S+supervisors can't be read: ENOTDIR/,
    ),
  });
  // Others do without.
  expect(await cli.say("status")).toMatchObject({ code: 3 });
});

testWith(root)("a supervisor whose record can't be read isn't said not to run", async () => {
  const record = join(cli.stateDirectory, "supervisors/broken.json");
  mkdirSync(dirname(record), { recursive: true });
  writeFileSync(record, "");
  const untold = `Which supervisors you have can't be told: ${record} can't be read: EIO`;
  execFileSync("mount", ["--bind", `/proc/${process.pid}/mem`, record]);
  try {
    const none = await cli.say("status", "--all");
    expect(none).toMatchObject({ code: 1, err: expect.stringContaining(untold) });
    expect(none.err).not.toContain("No supervisor");
    project("rivers", endless);
    await typed("rivers", "start", "--detach");
    expect(await typed("rivers", "status", "--all")).toMatchObject({
      code: 0,
      out: expect.stringContaining("~/rivers  fit"),
      err: expect.stringContaining(untold),
    });
  } finally {
    execFileSync("umount", ["-l", record]);
  }
  expect((await typed("rivers", "status", "--all")).err).toBe("");
});

it("a folder that is given for a config means the one in it, for every command", async () => {
  project("rivers", endless);
  expect(await cli.say("--config", "rivers", "check")).toMatchObject({ code: 0, err: "" });
  expect(await cli.say("start", "--detach", "--config", "rivers")).toMatchObject({ code: 0 });
  expect((await cli.say("status", "--config", "rivers/")).out).toContain("fit ");
  expect(await cli.say("stop", "--config", "rivers")).toMatchObject({ code: 0 });
  mkdirSync(cli.file("lakes"));
  expect((await cli.say("--config", "lakes", "init")).out).toContain("Wrote lakes/supervisor.config.json.");
});

it("a supervisor whose config is gone is found in its folder, and can be stopped there", async () => {
  project("rivers", endless, { stateDirectory: "own" });
  // Not taken for it.
  mkdirSync(cli.file("config/gpu-job-supervisor"), { recursive: true });
  cli.write("config/gpu-job-supervisor/supervisor.config.json", "{}");
  await typed("rivers", "start", "--detach");
  await reaches("rivers", "running");
  renameSync(cli.file("rivers/supervisor.config.json"), cli.file("away.json"));
  expect((await typed("rivers", "status")).out).toContain("fit ");
  for (const words of [["check"], ["start", "--headless"]])
    expect(await typed("rivers", ...words)).toMatchObject({
      code: 2,
      err: expect.stringMatching(
        /is gone, and the supervisor with pid \d+ still runs by what it said\. Put it back, or: /,
      ),
    });
  expect((await typed("rivers", "logs", "fit")).out).toMatch(/^begins at 0$/m);
  expect(await typed("rivers", "stop", "--leave-jobs")).toMatchObject({ code: 0 });
  expect(await typed("rivers", "status")).toMatchObject({
    code: 3,
    err: expect.stringContaining("No supervisor is running for your own jobs"),
  });
  // Its job is taken back and ended with the test.
  renameSync(cli.file("away.json"), cli.file("rivers/supervisor.config.json"));
  await typed("rivers", "start", "--detach");
});

it("a config that names another's state directory is refused while that one's supervisor runs", async () => {
  project("rivers", endless, { stateDirectory: cli.file("shared") });
  // Another database: the lock of the first one doesn't show it.
  project("lakes", endless, { stateDirectory: cli.file("shared"), database: "own.sqlite" });
  await typed("rivers", "start", "--detach");
  await reaches("rivers", "running");
  for (const words of [["start", "--detach"], ["start", "--headless"], ["run", "true"], ["stop"]]) {
    const refused = await typed("lakes", ...words);
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(
      /shared is in use by the supervisor of ~\/rivers \(pid \d+\), not of ~\/lakes\. .*supervisor stop --config ~\/rivers\/supervisor\.config\.json/,
    );
  }
  expect((await job("rivers")).state).toBe("running");
});

it("links to a config lead to its supervisor", async () => {
  project("rivers", endless);
  await typed("rivers", "start", "--detach");
  const { symlinkSync } = await import("node:fs");
  symlinkSync(cli.file("rivers/supervisor.config.json"), cli.file("link.json"));
  symlinkSync(cli.file("rivers"), cli.file("brook"));
  for (const config of ["link.json", "brook/supervisor.config.json"])
    expect((await typed(".", "status", "--config", cli.file(config))).out).toContain("fit");
});

/** As earlier versions did it: every config in the common directory. */
const asBefore = (name: string, one: object) => project(name, one, { stateDirectory: cli.stateDirectory });

it("after an upgrade, the config that used the common directory last keeps its jobs, others are told", async () => {
  for (const name of ["rivers", "lakes"]) {
    asBefore(name, endless);
    // Earlier versions took over whatever was there.
    await typed(name, "start", "--detach", "--adopt");
    await reaches(name, "running");
    await typed(name, "stop");
    project(name, endless);
  }
  // What the directory looked like before there were projects.
  rmSync(join(cli.stateDirectory, "project.json"), { force: true });
  rmSync(join(cli.stateDirectory, "supervisors"), { recursive: true });

  await typed("lakes", "start", "--detach");
  const resumed = await reaches("lakes", "running");
  expect(resumed.run).toBeGreaterThan(1);
  expect((await typed("rivers", "start", "--detach")).err).toMatch(
    /^Each config has a state directory of its own now: .*Earlier jobs of ~\/rivers are in .*gpu-job-supervisor, which stays with ~\/lakes\. /m,
  );
  expect((await reaches("rivers", "running")).run).toBe(1);
  mkdirSync(cli.file("empty"));
  // The user's own supervisor isn't that of lakes either.
  expect((await typed("empty", "run", "--name", "nap", "--", "sleep", "1000")).code).toBe(0);
  expect((await typed("lakes", "status", "--json")).out).not.toContain('"nap"');
});

it("a record of a supervisor that is gone, or of rubbish, counts for nothing", async () => {
  project("rivers", endless);
  await typed("rivers", "start", "--detach");
  const folder = join(cli.stateDirectory, "supervisors");
  const [name = ""] = readdirSync(folder);
  const record = JSON.parse(readFileSync(join(folder, name), "utf8"));
  writeFileSync(join(folder, "gone.json"), JSON.stringify({ ...record, startTime: 1, stateDirectory: "/g" }));
  writeFileSync(join(folder, "boot.json"), JSON.stringify({ ...record, bootId: "x", stateDirectory: "/b" }));
  writeFileSync(join(folder, "rubbish.json"), "{ not");
  expect((await typed("rivers", "status")).err).toBe("");
  expect(JSON.parse((await typed("rivers", "status", "--all", "--json")).out).supervisors).toHaveLength(1);
});
