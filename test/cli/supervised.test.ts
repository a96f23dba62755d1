/**
 * The verbs against a real supervisor, as a user types them one after the other.
 * Covers: src/words/sentences/name-taken.ts,
 * src/cli/commands/supervisor/start.ts, src/cli/commands/supervisor/stop.ts, src/cli/commands/looking/status.ts,
 * src/cli/commands/looking/why.ts, src/cli/commands/jobs/pause.ts, src/cli/commands/jobs/resume.ts, src/cli/commands/jobs/cancel.ts,
 * src/cli/commands/jobs/submit/run.ts, src/cli/commands/jobs/wait.ts, src/cli/follow-jobs.ts, src/cli/name-for-command.ts,
 * src/cli/print.ts, src/cli/supervisors/spawn-supervisor.ts, src/decide/why/ways-out.ts, src/supervise/answer-request.ts,
 * src/supervise/snapshot.ts
 */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isAlive } from "../../src/sense/proc/process.ts";
import { until } from "../until.ts";
import { CommandLine } from "./command-line.ts";

const COUNT = resolve(import.meta.dirname, "../children/count-steps.ts");
const config = (jobs: object[], more: object = {}) =>
  JSON.stringify({ pollSeconds: 0.2, rules: [], balance: { settleSeconds: 0 }, jobs, ...more });
const counting = { name: "count", command: ["node", COUNT, "--ms", "5"] };
const sleeping = { name: "sleep", command: ["sleep", "1000"] };

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

const states = async () => {
  const { jobs } = JSON.parse((await cli.say("status", "--json")).out);
  return Object.fromEntries(jobs.map(({ name, state }: { name: string; state: string }) => [name, state]));
};
const reaches = (job: string, state: string) =>
  until(`'${job}' to be ${state}`, async () => (await states())[job] === state);

describe("start and stop", () => {
  it("one supervisor per database, in the background until it is stopped", async () => {
    cli.write("supervisor.config.json", config([counting]));
    expect(await cli.say("start", "--detach")).toMatchObject({
      code: 0,
      out: expect.stringContaining("Supervisor started."),
    });
    expect(await cli.say("start", "--detach")).toMatchObject({
      code: 0,
      out: expect.stringContaining("is already running"),
    });
    const second = await cli.say("start", "--headless");
    expect(second.code).toBe(1);
    expect(second.err).toMatch(
      / is held by the supervisor with pid \d+ of .* set "stateDirectory" to another folder/,
    );
    await reaches("count", "running");
    const { pid } = JSON.parse((await cli.say("status", "--json")).out).supervisor;
    const stopped = await cli.say("stop");
    // Nothing that it holds or writes outlives the command.
    expect(isAlive(pid, null)).toBe(false);
    expect(stopped).toMatchObject({
      code: 0,
      out: expect.stringContaining("Stopped. Saved and paused: count."),
    });
    expect(await cli.say("status")).toMatchObject({ code: 3 });
    expect((await cli.say("audit", "--json", "--kind", "pause.completed")).out).toContain(
      '"actor":"shutdown"',
    );
    // What a stop has paused, the next start resumes.
    await cli.say("start", "--detach");
    await reaches("count", "running");
  });

  it("a start that fails in the background shows why", async () => {
    cli.write("supervisor.config.json", config([], { stateDirectory: "place" }));
    cli.write("place", "a file");
    expect(await cli.say("start", "--detach")).toMatchObject({
      code: 1,
      err: expect.stringContaining(cli.file("place")),
    });
  });

  it("a config that an edit has broken doesn't hide its supervisor", async () => {
    cli.write("supervisor.config.json", config([], { stateDirectory: "own" }));
    await cli.say("start", "--detach");
    cli.write("supervisor.config.json", '{ "stateDirectory": "own", "jobs": [ }');
    expect(await cli.say("status")).toMatchObject({ code: 0 });
    expect(await cli.say("stop")).toMatchObject({ code: 0 });
    cli.write("supervisor.config.json", "{}");
  });
});

describe("pause and resume", () => {
  it("return when the job is saved, and when it runs again", async () => {
    cli.write("supervisor.config.json", config([counting]));
    await cli.say("start", "--detach");
    await reaches("count", "running");
    const paused = await cli.say("pause", "count", "--for", "2h");
    expect(paused.code).toBe(0);
    expect(paused.out).toMatch(
      /^asked count to pause, until .+\ncount {2}paused: step [\d,]+ saved \(.+, verified\)\n$/,
    );
    expect(await states()).toEqual({ count: "paused" });

    const why = await cli.say("why");
    expect(why).toMatchObject({ code: 0, out: expect.stringMatching(/^count/) });
    const answer = JSON.parse((await cli.say("why", "count", "--json")).out);
    expect(answer).toMatchObject({
      schemaVersion: 1,
      jobs: [
        {
          job: "count",
          state: "paused",
          // On a busy machine also for the check of its checkpoint.
          waitingFor: expect.arrayContaining([expect.objectContaining({ code: "manual" })]),
        },
      ],
    });

    const resumed = await cli.say("resume", "count");
    expect(resumed.code).toBe(0);
    expect(resumed.out).toMatch(/^count {2}running \(run 2, from step [\d,]+\)\n$/);
    await until("another run", async () =>
      /begins at 0\n(.*\n)*begins at [1-9]/.test((await cli.say("logs", "count")).out),
    );
  });

  it("a pause that is over sooner than it is proven returns", async () => {
    // It takes longer to save than the pause is to last, and goes on in the tick that proves it.
    const script = `trap 'sleep 20; date > step-7.pt; exit 75' TERM; while :; do sleep 0.1; done`;
    const slow = {
      name: "slow",
      command: ["sh", "-c", script],
      pause: { signal: "SIGTERM" },
      checkpoint: { glob: "step-*.pt" },
    };
    cli.write("supervisor.config.json", config([slow]));
    await cli.say("start", "--detach");
    await reaches("slow", "running");
    const paused = await cli.say("pause", "slow", "--for", "12s");
    expect(paused.out).toMatch(/^asked slow to pause, until .+\nslow {2}was paused; its time is over/);
    expect(paused.code).toBe(0);
  });

  it("a resume that can't be had says what it waits for", async () => {
    // Above 0: whatever else this machine does is pressure.
    const rule = {
      name: "always",
      metric: "memory.availablePercent",
      below: 101,
      clear: { above: 101 },
      severity: "critical",
    };
    cli.write("supervisor.config.json", config([counting], { rules: [rule] }));
    await cli.say("start", "--detach");
    const resumed = await cli.say("resume", "count");
    expect(resumed).toMatchObject({ code: 0, out: expect.stringMatching(/^count {2}waits: .*always/) });
  });

  it("a job that only can be frozen is frozen, and goes on", async () => {
    cli.write("supervisor.config.json", config([sleeping]));
    await cli.say("start", "--detach");
    await reaches("sleep", "running");
    expect(await cli.say("pause", "--all")).toMatchObject({
      code: 0,
      out: expect.stringContaining("sleep  frozen: "),
    });
    expect(await cli.say("resume", "--all")).toMatchObject({
      code: 0,
      out: expect.stringContaining("sleep  running"),
    });
  });

  it("a pause that goes past its grace time ends with 1 and what to do", async () => {
    const deaf = ["node", "-e", "process.on('SIGUSR2', () => {}); setInterval(() => {}, 1000)"];
    const job = { name: "deaf", command: deaf, pause: { method: "checkpoint", graceSeconds: 1 } };
    cli.write("supervisor.config.json", config([job]));
    await cli.say("start", "--detach");
    await reaches("deaf", "running");
    const { code, out } = await cli.say("pause", "deaf");
    expect(code).toBe(1);
    expect(out).toMatch(
      /^deaf {2}still running \d+(\.\d)? s after it was asked to pause .+; nothing was forced\. /m,
    );
    expect(out).toMatch(/supervisor pause deaf --freeze +frees its CPU time now, keeps /);
    expect(out).toMatch(
      /supervisor pause deaf --terminate +loses all that it has done: there is no checkpoint/,
    );
    expect((await cli.say("why")).out).toContain("supervisor pause deaf --terminate");
    expect(await cli.say("pause", "deaf", "--freeze")).toMatchObject({
      code: 0,
      out: expect.stringContaining("deaf  frozen"),
    });
    const ended = await cli.say("pause", "deaf", "--terminate");
    expect(ended.code).toBe(0);
    expect(ended.out).toMatch(
      /^deaf {2}loses all that it has done.+\nasked deaf to end\ndeaf {2}ended and paused: a resume continues from the beginning\n$/,
    );
    const [forced] = (await cli.say("audit", "--json", "--kind", "pause.forced")).out
      .trim()
      .split("\n")
      .slice(-1);
    expect(JSON.parse(forced as string)).toMatchObject({ actor: "user", outcome: { method: "terminate" } });
    expect(await cli.say("pause", "deaf", "--freeze", "--terminate")).toMatchObject({ code: 2 });
  });

  it("a job that is ended loses the steps that were told beforehand, and goes on from its checkpoint", async () => {
    cli.write("supervisor.config.json", config([{ ...counting, checkpoint: { everyMinutes: 0 } }]));
    await cli.say("start", "--detach");
    await reaches("count", "running");
    expect((await cli.say("pause", "count")).code).toBe(0);
    const saved = Number(/step ([\d,]+)/.exec((await cli.say("resume", "count")).out)?.[1]?.replace(",", ""));
    const stepNow = async () => JSON.parse((await cli.say("status", "--json")).out).jobs[0].progress.step;
    await until("more steps", async () => (await stepNow()) > saved + 100);
    const ended = await cli.say("pause", "count", "--terminate");
    expect(ended).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^count {2}loses about [\d,]+ steps \(/),
    });
    expect(await states()).toEqual({ count: "paused" });
    const kinds = ["pause.forced", "pause.failed"].map((kind) => ["audit", "--json", "--kind", kind]);
    const [forced, gone] = await Promise.all(
      kinds.map(async (args) => JSON.parse((await cli.say(...args)).out)),
    );
    expect(forced.outcome.stepsLost).toBeGreaterThan(100);
    expect(gone.outcome).toMatchObject({ forced: "terminated", step: saved });
    expect((await cli.say("resume", "count")).out).toContain(`from step ${saved.toLocaleString("en-US")}`);
    // A shell may say between the two that its program was terminated.
    const goesOn = new RegExp(`begins at ${saved}\n(.*\n)*begins at ${saved}$`, "m");
    await until("the next run to go on", async () => goesOn.test((await cli.say("logs", "count")).out));
  });

  it("names that nobody has are guessed at", async () => {
    cli.write("supervisor.config.json", config([sleeping]));
    await cli.say("start", "--detach");
    const err = "There is no job 'slep'. Did you mean 'sleep'?\n";
    for (const verb of ["pause", "resume", "cancel", "wait", "why"]) {
      expect(await cli.say(verb, "slep")).toEqual({ code: 2, out: "", err });
    }
    expect(await cli.say("pause")).toMatchObject({
      code: 2,
      err: "Which job? Name one, or all: supervisor pause --all\n",
    });
  });
});

describe("run", () => {
  it("starts a supervisor if none runs, says what runs and how it makes room", async () => {
    const first = await cli.say("run", "sleep", "1000");
    expect(first.code).toBe(0);
    expect(first.out).toMatch(
      /^Started a supervisor for your own jobs: none was running\.\nJob 'sleep': sleep = \/.*\/sleep in ~?.*\n/,
    );
    const room =
      /\nNothing shows so far that it saves; until something does, under pressure it is frozen: its CPU and GPU time is freed, its memory isn't/;
    // It tells what it sees within a few seconds.
    let { out } = first;
    for (let tries = 0; tries < 9 && !room.test(out); tries++)
      ({ out } = await cli.say("run", "--name", `look-${tries}`, "--", "sleep", "1000"));
    expect(out).toMatch(room);
    const second = await cli.say("run", "--name", "nap", "--", "sleep", "1000");
    expect(second.out).toMatch(/^Job 'nap': /);
    expect((await cli.say("run", "sleep", "1000")).out).toMatch(/^Job 'sleep-2': /);
    expect(await cli.say("run", "--name", "nap", "--", "true")).toMatchObject({
      code: 1,
      err: "There is already a job 'nap'; it is running. To run another, give this one another --name.\n",
    });
    expect(await cli.say("cancel", "sleep", "nap")).toMatchObject({
      code: 0,
      out: expect.stringContaining("nap  cancelled"),
    });
  });

  it("a name that is taken: says by what, where that works, and each way that there is", async () => {
    const [first, second] = ["d1", "d2"].map((name) => cli.file(name)) as [string, string];
    for (const folder of [first, second]) mkdirSync(folder);
    await cli.say("run", "--name", "fit", "--cwd", first, "--wait", "--", "true");
    await cli.say("run", "--name", "stop", "--cwd", first, "--", "sleep", "1000");
    await cli.say("cancel", "stop");
    const taken = async (name: string, cwd: string) =>
      (await cli.say("run", "--name", name, "--cwd", cwd, "--", "true")).err.split("\n");
    expect(await taken("fit", second)).toEqual([
      "There is already a job 'fit'; it is finished, and works in ~/d1.",
      expect.stringMatching(/^ {2}supervisor rerun fit {2,}that one runs again, from its beginning$/),
      expect.stringMatching(/^ {2}supervisor remove fit {2,}its name is free/),
      expect.stringMatching(/^ {2}supervisor run --name … {2,}/),
      "",
    ]);
    const [said, ...ways] = await taken("stop", first);
    expect(said).toBe("There is already a job 'stop'; it is cancelled.");
    expect(ways[0]).toMatch(/^ {2}supervisor resume stop /);

    await cli.say("run", "--name", "other", "--cwd", second, "--wait", "--", "true");
    const { out } = await cli.say("status");
    for (const line of [`in ${first}: fit, stop`, `in ${second}: other`]) expect(out).toContain(line);
    const { jobs } = JSON.parse((await cli.say("status", "--json")).out);
    expect(jobs.map((job: { folder: string }) => job.folder)).toEqual([first, first, second]);
    await cli.say("remove", "fit");
    expect(await cli.say("run", "--name", "fit", "--cwd", second, "--wait", "--", "true")).toMatchObject({
      code: 0,
    });
  });

  it("gives the job this folder and this shell's PATH, and refuses a container that would leave it", async () => {
    cli.env.PATH = `${cli.directory}:${cli.env.PATH}`;
    cli.env.SECRET = "hidden";
    const script = "console.log(process.cwd(), process.env.PATH.split(':')[0], process.env.WANTED)";
    const ran = await cli.say("run", "--name", "show", "--env", "WANTED=yes", "--", "node", "-e", script);
    expect(ran.code).toBe(0);
    expect(await cli.say("wait", "show")).toEqual({
      code: 0,
      out: "show  finished\n",
      err: expect.any(String),
    });
    expect((await cli.say("logs", "show")).out).toBe(
      `── run 1 begins ──\n${cli.directory} ${cli.directory} yes\n── run 1 ended: finished ──\n`,
    );
    const refused = await cli.say("run", "--", "env", "docker");
    expect(refused.code).toBe(0);
    cli.write("docker", "#!/bin/sh\n");
    const { chmodSync } = await import("node:fs");
    chmodSync(join(cli.directory, "docker"), 0o755);
    expect(await cli.say("run", "docker", "run", "--detach", "x")).toMatchObject({
      code: 2,
      err: expect.stringContaining('must not be "--detach"'),
    });
  });

  it("wait ends with 1 when a job failed", async () => {
    cli.write(
      "supervisor.config.json",
      config([{ name: "bad", command: ["false"], restart: { onFailure: false } }]),
    );
    await cli.say("start", "--detach");
    expect(await cli.say("wait", "bad")).toMatchObject({
      code: 1,
      out: expect.stringContaining("bad  failed"),
    });
  });
});
