/**
 * Jobs that are run from the prompt, against a real supervisor, as a user types them one after the other.
 * Covers: src/words/sentences/name-taken.ts, src/cli/name-for-command.ts, src/cli/commands/jobs/submit/run.ts,
 * src/cli/commands/jobs/cancel.ts, src/cli/commands/jobs/wait.ts
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CommandLine } from "./command-line.ts";
import { config } from "./counting.ts";

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

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
