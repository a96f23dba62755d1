/** Covers: src/cli/tell-problems.ts */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CommandLine } from "../../command-line.ts";

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

describe("check", () => {
  it("ends with 0 for a config that is right, with its doubts", async () => {
    cli.write(
      "supervisor.config.json",
      '{"jobs":[{"name":"a","command":["true"]},{"name":"b","command":["no-such"]}],"rules":[]}',
    );
    expect(await cli.say("check")).toEqual({
      code: 0,
      out: "supervisor.config.json is valid: 2 jobs, 0 rules, 0 windows, 1 warning.\n",
      err: `supervisor.config.json:1:65: warning: jobs[1].command[0] can't be run here: 'no-such' was not found in PATH.\n`,
    });
  });

  it("shows what a named server is asked, written out as a person could write it", async () => {
    const pause = { method: "http", server: "sglang", timeoutSeconds: 9 };
    const llm = { name: "llm", command: ["true"], pause };
    cli.write("supervisor.config.json", JSON.stringify({ jobs: [llm], rules: [] }));
    const { code, out } = await cli.say("check");
    const [, shown = ""] =
      /^llm: its server is asked as follows\n([\s\S]*)\nsupervisor\.config\.json is valid/.exec(out) ?? [];
    const written = JSON.parse(`{${shown}}`);
    expect([code, written]).toMatchObject([
      0,
      { timeoutSeconds: 9, restore: [{ path: "/resume_memory_occupation" }] },
    ]);
    const own = { jobs: [{ ...llm, pause: { method: "http", ...written } }], rules: [] };
    cli.write("supervisor.config.json", JSON.stringify(own));
    expect((await cli.say("check")).out).toBe(out);
  });

  it("ends with 2 and every problem, also those that start finds", async () => {
    const file = cli.write("bad.json", '{\n  "pollSeconds": "1s",\n  "jbos": []\n}');
    const err = `bad.json:2:18: pollSeconds must be a number from 0.1 to 60, got "1s". Write 1.\nbad.json:3:3: jbos is not a known key. Did you mean 'jobs'?\n2 problems.\n`;
    expect(await cli.say("check", "bad.json")).toEqual({ code: 2, out: "", err });
    expect(await cli.say("check", "--config", file)).toEqual({ code: 2, out: "", err });
    expect(await cli.say("--config", file, "check")).toEqual({ code: 2, out: "", err });
    expect(await cli.say("start", "--config", file)).toEqual({ code: 2, out: "", err });
    expect(await cli.say("start", "--detach", "--config", file)).toEqual({ code: 2, out: "", err });
    const json = JSON.parse((await cli.say("check", "--json", "bad.json")).out);
    expect(json).toMatchObject({
      schemaVersion: 1,
      ok: false,
      file,
      problems: [{ line: 2, path: "pollSeconds" }, { line: 3 }],
    });
  });

  it("says that defaults hold where there is no config, and that a named one is missing", async () => {
    expect((await cli.say("check")).out).toContain(
      "the built-in defaults apply: 0 jobs, 6 rules, 0 windows.",
    );
    expect(await cli.say("check", "gone.json")).toMatchObject({
      code: 2,
      err: "gone.json: does not exist. Write one: supervisor init\n1 problem.\n",
    });
  });
});
