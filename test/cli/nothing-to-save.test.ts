/**
 * What commands say of programs that can't be asked to save, or not yet, and of what an end of them loses.
 * Covers: src/cli/commands/jobs/cancel.ts, src/cli/follow-jobs.ts
 */
import { resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { python, testWith } from "../needs.ts";
import { pythonPath } from "../python-path.ts";
import { until } from "../until.ts";
import { CommandLine } from "./command-line.ts";

const PACKAGE = resolve(import.meta.dirname, "../../python");
const AWAITED =
  /^plain {2}has only just started, and may still report that it saves: it is frozen if it hasn't by \d\d:\d\d:\d\d$/m;

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

/** A supervisor with one job, which runs. */
async function started(job: object): Promise<void> {
  const config = { pollSeconds: 0.2, rules: [], jobs: [{ restart: { backoffSeconds: 0.1 }, ...job }] };
  cli.write("supervisor.config.json", JSON.stringify(config));
  await cli.say("start", "--detach");
  await until(
    "it to run",
    async () => JSON.parse((await cli.say("status", "--json")).out).jobs[0].state === "running",
  );
}

const plain = {
  name: "plain",
  command: ["node", "-e", "setInterval(() => {}, 1000)"],
  pause: { graceSeconds: 12 },
};

it("a young program's pause says what it waits for, and its resume that it begins nothing anew", async () => {
  await started(plain);
  const paused = await cli.say("pause", "plain");
  expect(paused).toMatchObject({
    code: 0,
    out: expect.stringContaining("plain  frozen"),
    err: expect.stringMatching(AWAITED),
  });
  expect((await cli.say("resume", "plain")).out).toBe("plain  running (run 1)\n");
  expect((await cli.say("cancel", "plain")).out).toBe(
    "plain  loses all that it has done: there is no checkpoint\nplain  cancelled\n",
  );
});

it("… and so does a stop, which promises no save of it", async () => {
  await started(plain);
  const { err } = await cli.say("stop");
  expect(err).toMatch(AWAITED);
  expect(err).toContain("pausing: plain (");
  expect(err).not.toContain("saving");
  // Its program is left frozen: the next supervisor takes it back, and it is ended with the test.
  await cli.say("start", "--detach");
});

it("a program that is started again without a checkpoint isn't said to go on", async () => {
  await started(plain);
  await cli.say("pause", "plain", "--terminate");
  expect((await cli.say("resume", "plain")).out).toBe(
    "plain  running (run 2), started again without a checkpoint\n",
  );
  const { out } = await cli.say("audit", "--kind", "resume.completed");
  expect(out).toContain("resumed: It was started again without a checkpoint; it reports no steps.");
});

it("nor is one that has never run said to be started again", async () => {
  const waits = { ...plain, after: ["first"] };
  const first = {
    name: "first",
    command: ["sh", "-c", `until [ -e ${cli.file("go")} ]; do sleep 0.1; done`],
  };
  const config = { pollSeconds: 0.2, rules: [], jobs: [first, waits] };
  cli.write("supervisor.config.json", JSON.stringify(config));
  await cli.say("start", "--detach");
  expect((await cli.say("pause", "plain")).out).toContain("plain  held back");
  cli.write("go", "");
  await cli.say("wait", "first");
  expect(await cli.say("resume", "plain")).toMatchObject({
    out: "plain  running (run 1), started\n",
    err: expect.stringMatching(/^plain {2}started; it is watched for a moment$/m),
  });
});

it("each line of what a command tells of a job stands under that job's name", async () => {
  const fails = { name: "fails", command: ["sh", "-c", "exit 3"], restart: { backoffSeconds: 60 } };
  cli.write("supervisor.config.json", JSON.stringify({ pollSeconds: 0.2, rules: [], jobs: [fails] }));
  await cli.say("start", "--detach");
  await until("its failure", async () => (await cli.say("why", "fails")).out.includes("has failed once"));
  const { code, out } = await cli.say("resume", "fails");
  expect(code).toBe(1);
  expect(out).toMatch(
    /^fails {2}its run has failed: .*\n {7}waits: it has failed 2 times in a row: it will be tried again at .*\n {9}next: /,
  );
});

testWith(python)("a program that imports the library and never steps is told so", async () => {
  const script = cli.write("imports.py", "import supervisor_job, time\ntime.sleep(1000)\n");
  const imports = /^It imports the job library, and makes room by checkpoint once it calls job\.step\(\)\.$/m;
  // 'run' looks for three seconds: where the program takes longer to import it, another one may not.
  let tries = 0;
  const { name, out } = await until("'run' to see the import", async () => {
    const name = `idle-${++tries}`;
    const env = `PYTHONPATH=${PACKAGE}`;
    const { out } = await cli.say("run", "--env", env, "--name", name, pythonPath, script);
    return imports.test(out) && { name, out };
  });
  expect(out).toContain(`Job '${name}': ${pythonPath} in `);
  const pausing = cli.start("pause", name);
  let said = "";
  pausing.stderr?.setEncoding("utf8").on("data", (chunk) => {
    said += chunk;
  });
  await until("it to be told", async () =>
    said.includes(`${name}  hasn't called job.step() yet, so nothing can pause it there`),
  );
  expect(said).not.toContain("finishing its step");
  expect((await cli.say("cancel", name)).out).toContain(`${name}  loses all that it has done`);
});

testWith(python)("a program that steps and gives nothing that saves is told so, in its log too", async () => {
  const steps = "import time\nfrom supervisor_job import job\nstep = 0\nwhile True:\n    step += 1\n";
  const script = cli.write("nosave.py", `${steps}    time.sleep(0.1)\n    job.step(step, loss=1.0)\n`);
  const env = { PYTHONPATH: PACKAGE };
  await started({ name: "nosave", command: [pythonPath, script], env, pause: { graceSeconds: 15 } });
  await until("a step", async () => (await cli.say("status", "--json")).out.includes('"step": '));
  const { code, out, err } = await cli.say("pause", "nosave");
  expect(code).toBe(1);
  const reports = "reports: asked to pause, but job.step() is called without save,";
  expect(err).toContain(`nosave  ${reports}`);
  expect(out).toContain(`It ${reports}`);
  expect((await cli.say("why", "nosave")).out).toContain(`It ${reports}`);
  const { out: log } = await cli.say("logs", "nosave");
  expect(log.match(/^.*job\.step\(\) is called without save/gm)).toHaveLength(1);
  await cli.say("cancel", "nosave");
});
