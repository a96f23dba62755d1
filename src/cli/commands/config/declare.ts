/** Configs, this machine, and help. Each command is a file beside this one, loaded when it runs. */
import type { Command } from "commander";
import { declare, withJson } from "../../help/declare-command.ts";
import type { Options } from "../../supervisors/connect.ts";

export function declareConfig(cli: Command): void {
  configCommands(cli);
  completionCommand(cli);
  helpCommand(cli);
}

function configCommands(cli: Command): void {
  const check = async () => (await import("./check.ts")).check;
  const all = "all problems of a config at once";
  withJson(declare(cli, "check", all, check, { argument: "[FILE]", options: {} }));
  const doctor = async () => (await import("./doctor.ts")).doctor;
  const page = "what can be seen and done on this machine, for a bug report";
  const tryPark = "park a tiny CUDA program of its own, and bring it back";
  withJson(declare(cli, "doctor", page, doctor, { options: { tryPark: ["--try-park", tryPark] } }));
  const init = async () => (await import("./init.ts")).init;
  declare(cli, "init", "write a commented config to start from", init, { options: {} });
  const python = async () => (await import("./python.ts")).python;
  declare(cli, "python", "the line that installs the library for Python jobs", python, {
    options: {
      python: ["--python <path>", "the interpreter that jobs run with", "python3"],
      path: ["--path", "print the path of its wheel alone"],
    },
  });
}

function completionCommand(cli: Command): void {
  const load = async () => {
    const { completion } = await import("./completion.ts");
    return (words: string[], _options: Options) => completion(cli, words);
  };
  declare(cli, "completion", "the script that completes in bash, zsh or fish", load, {
    argument: "<SHELL...>",
    explained: "bash, zsh or fish; with words behind it: what may stand in the last of them",
    options: {},
  })
    .usage("SHELL")
    .passThroughOptions();
}

function helpCommand(cli: Command): void {
  cli
    .command("help")
    .argument("[COMMAND or TOPIC]")
    .description("help on a command, or on: config, pause, python, typescript, exit-codes")
    .action(async (name: string | undefined) => {
      if (name === undefined) return cli.outputHelp();
      const command = cli.commands.find((one) => one.name() === name);
      command?.outputHelp();
      // A command and a topic may share a name.
      const { helpOnTopic, noSuchHelp } = await import("./help.ts");
      if (helpOnTopic(name) || command !== undefined) return;
      noSuchHelp(
        name,
        cli.commands.map((one) => one.name()),
      );
    });
}
