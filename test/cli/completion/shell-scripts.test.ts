/**
 * Tab in real shells, at a real terminal: commands, options, jobs of a config and of a running supervisor, files.
 * Covers: src/cli/completion/shell-scripts.ts, src/cli/commands/config/completion.ts
 */
import { chmodSync, mkdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeWith, fish, type Need, tmux, zsh } from "../../needs.ts";
import { openTerminal, type Terminal } from "../../show/screen/tmux.ts";
import { until } from "../../until.ts";
import { BIN, CommandLine } from "../command-line.ts";

const cli = new CommandLine();
const JOBS = [
  { name: "voice-a", command: ["sleep", "600"] },
  { name: "voice-b", command: ["sleep", "600"] },
];

beforeAll(() => {
  mkdirSync(cli.file("bin"));
  cli.write("bin/supervisor", `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`);
  chmodSync(cli.file("bin/supervisor"), 0o755);
  cli.write("supervisor.config.json", JSON.stringify({ rules: [], jobs: JOBS }));
  cli.write("a file.json", "{}");
  mkdirSync(cli.file("work"));
  cli.write("work/notes.txt", "");
});
afterAll(() => cli.close());

const SHELLS: [name: string, command: string[], load: string, need: Need][] = [
  ["bash", ["bash", "--norc", "-i"], "source <(supervisor completion bash)", tmux],
  [
    "zsh",
    ["zsh", "-f", "-i"],
    "autoload -Uz compinit; compinit -D; source <(supervisor completion zsh)",
    zsh,
  ],
  ["fish", ["fish", "--no-config", "-i"], "supervisor completion fish | source", fish],
];

describe.each(SHELLS)("%s", (_name, command, load, need) => {
  describeWith(need)("completes", () => {
    let terminal: Terminal;
    beforeAll(() => {
      const { HOME = "", XDG_STATE_HOME = "", XDG_CONFIG_HOME = "" } = cli.env;
      const env = {
        HOME,
        XDG_STATE_HOME,
        XDG_CONFIG_HOME,
        PATH: `${cli.file("bin")}:${process.env.PATH}`,
        PS1: "> ",
      };
      terminal = openTerminal(["env", "-C", cli.directory, ...command], { width: 100, height: 40 }, env);
      terminal.keys(`${load}; echo load''ed`, "Enter");
      return terminal.until("the script is loaded", (screen) => screen.includes("\nloaded"));
    });
    afterAll(() => terminal.close());

    /**
     * Types a line and Tab on an empty screen; the line is dropped afterwards. Again where it doesn't show: a Tab
     * waits for the supervisor for a second only.
     */
    async function tab(line: string, shown: string): Promise<string> {
      const shows = `${line} shows ${shown}`;
      return await until(shows, async () => {
        terminal.keys("C-u", "C-l");
        terminal.keys("-l", line);
        terminal.keys("Tab");
        return await terminal.until(shows, (text) => text.includes(shown), { limitMs: 10_000 });
      });
    }

    test("commands, options and words", async () => {
      await tab("supervisor resto", "supervisor restore");
      await tab("supervisor dashb", "supervisor dashboard");
      await tab("supervisor pause --unt", "supervisor pause --until");
      await tab("supervisor audit --kind window.o", "window.opened");
    });

    test("jobs of the config, and then of the supervisor that runs", async () => {
      await tab("supervisor cancel voi", "supervisor cancel voice-");
      expect((await cli.say("run", "--name", "another", "--", "sleep", "600")).code).toBe(0);
      await tab("supervisor cancel ano", "supervisor cancel another");
      await cli.say("cancel", "another");
      await cli.say("remove", "another");
    });

    test("files, with their blanks quoted, folders, and a job's command", async () => {
      await tab("supervisor check a", "a\\ file.json");
      await tab("supervisor run --cwd wo", "supervisor run --cwd work/");
      await tab("supervisor run -- nohu", "supervisor run -- nohup");
      await tab("supervisor run -- cat work/no", "work/notes.txt");
    });
  });
});

test("another shell is answered with those that there are", async () => {
  expect(await cli.say("completion", "tcsh")).toEqual({
    code: 2,
    out: "",
    err: "There is no completion for 'tcsh'. There is one for bash, zsh and fish.\n",
  });
});
