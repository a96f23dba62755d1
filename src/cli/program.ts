/**
 * The command line: declares the commands and does nothing else. Each is a file in commands/, loaded
 * when it runs, in the folder of its group in the help.
 */
import { Command, CommanderError } from "commander";
import { neutralLines } from "../show/neutral.ts";
import { VERSION } from "../version.ts";
import { declareConfig } from "./commands/config/declare.ts";
import { declareJobs } from "./commands/jobs/declare.ts";
import { declareLooking } from "./commands/looking/declare.ts";
import { declareSupervisor } from "./commands/supervisor/declare.ts";
import { refuseHabits } from "./habits.ts";
import { examplesText } from "./help/examples.ts";
import { HELP } from "./help/help-text.ts";

/** Runs the command that was typed and sets the process's exit code. Throws Refusal, or a bug's error. */
export async function obey(argv: string[]): Promise<void> {
  try {
    const cli = program();
    refuseHabits(cli, argv.slice(2));
    await cli.parseAsync(argv);
  } catch (error) {
    // Commander has printed what is wrong, or the requested help.
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  }
}

/** All commands. */
export function program(): Command {
  const cli = new Command("supervisor")
    .version(VERSION, "-V, --version")
    .option("--config <file>", "use this config (default: ./supervisor.config.json)")
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(neutralLines(text)) });
  cli.helpInformation = () => HELP;
  declareSupervisor(cli);
  declareJobs(cli);
  declareLooking(cli);
  declareConfig(cli);
  for (const command of cli.commands) command.addHelpText("after", examplesText(command.name()));
  return cli;
}
