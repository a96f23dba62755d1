/**
 * A supervisor that is started in the background, and its end, as a user types them one after the other.
 * Covers: src/cli/commands/supervisor/start.ts, src/cli/commands/supervisor/stop.ts,
 * src/cli/commands/looking/status.ts, src/cli/print.ts, src/cli/supervisors/spawn-supervisor.ts,
 * src/supervise/snapshot.ts
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isAlive } from "../../src/sense/proc/process.ts";
import { CommandLine } from "./command-line.ts";
import { config, counting } from "./counting.ts";

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

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
    await cli.reaches("count", "running");
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
    await cli.reaches("count", "running");
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
