/**
 * Pauses and resumes against a real supervisor, as a user types them one after the other.
 * Covers: src/cli/commands/jobs/pause.ts, src/cli/commands/jobs/resume.ts, src/cli/commands/looking/why.ts,
 * src/cli/follow-jobs.ts, src/decide/why/ways-out.ts,
 * src/supervise/answer-request.ts
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "../until.ts";
import { CommandLine } from "./command-line.ts";
import { config, counting } from "./counting.ts";

const sleeping = { name: "sleep", command: ["sleep", "1000"] };

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

describe("pause and resume", () => {
  it("return when the job is saved, and when it runs again", async () => {
    cli.write("supervisor.config.json", config([counting]));
    await cli.say("start", "--detach");
    await cli.reaches("count", "running");
    const paused = await cli.say("pause", "count", "--for", "2h");
    expect(paused.code).toBe(0);
    expect(paused.out).toMatch(
      /^asked count to pause, until .+\ncount {2}paused: step [\d,]+ saved \(.+, verified\)\n$/,
    );
    expect(await cli.states()).toEqual({ count: "paused" });

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
    await cli.reaches("slow", "running");
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
    await cli.reaches("sleep", "running");
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
    await cli.reaches("deaf", "running");
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
    await cli.reaches("count", "running");
    expect((await cli.say("pause", "count")).code).toBe(0);
    const saved = Number(/step ([\d,]+)/.exec((await cli.say("resume", "count")).out)?.[1]?.replace(",", ""));
    const stepNow = async () => JSON.parse((await cli.say("status", "--json")).out).jobs[0].progress.step;
    await until("more steps", async () => (await stepNow()) > saved + 100);
    const ended = await cli.say("pause", "count", "--terminate");
    expect(ended).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^count {2}loses about [\d,]+ steps \(/),
    });
    expect(await cli.states()).toEqual({ count: "paused" });
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
