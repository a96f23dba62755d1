/**
 * What can be typed: declares the commands and nothing else. Each is a file in commands/ that is
 * loaded when it runs.
 */
import { Command, CommanderError } from "commander";
import { VERSION } from "../version.ts";
import { HELP } from "./help-text.ts";

/** Does what was typed, and sets the process's exit code. Throws Refusal, or whatever a bug throws. */
export async function obey(argv: string[]): Promise<void> {
  try {
    await program().parseAsync(argv);
  } catch (error) {
    // Commander has said what is wrong, or shown the help that was asked for.
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
    .exitOverride();
  cli.helpInformation = () => HELP;
  supervisorCommands(cli);
  jobCommands(cli);
  lookingCommands(cli);
  configCommands(cli);
  return cli;
}

/** A command whose module is loaded when it runs; what it returns is the exit code. */
function verb(cli: Command, usage: string, description: string): Command {
  return cli.command(usage).description(description).option("--config <file>", "use this config");
}

const reading = (command: Command): Command => command.option("--json", "print JSON for programs");

type Act = (...args: never[]) => Promise<unknown>;

function does(command: Command, act: Act): void {
  command.action(async (...args: unknown[]) => {
    args.pop();
    args.pop();
    // --config may stand before the command, too.
    const code = await act(...([...args, command.optsWithGlobals()] as never[]));
    if (typeof code === "number") process.exitCode = code;
  });
}

function supervisorCommands(cli: Command): void {
  does(
    verb(cli, "start", "start a supervisor and watch it; attach if one runs already")
      .option("--headless", "stay in the foreground, one line per event")
      .option("--detach", "start it in the background and return"),
    async (o) => (await import("./commands/start.ts")).start(o),
  );
  does(
    verb(cli, "stop", "save and pause all jobs, and end the supervisor").option(
      "--leave-jobs",
      "leave the jobs running",
    ),
    async (o) => (await import("./commands/stop.ts")).stop(o),
  );
  does(verb(cli, "dashboard", "attach to the running supervisor"), async (o) =>
    (await import("./commands/dashboard.ts")).dashboard(o),
  );
}

/** An option that takes one value each time; one that took several would swallow the command. */
const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

function jobCommands(cli: Command): void {
  does(
    verb(cli, "run", "hand over a command as a new job; starts a supervisor if needed")
      .usage("[options] [--] COMMAND...")
      .argument("<COMMAND...>")
      .passThroughOptions()
      .option("--name <name>", "the job's name (default: from the command)")
      .option("--priority <number>", "higher is paused last and resumed first")
      .option("--gpus <count>", "how many GPUs it needs")
      .option("--gpu <id>", "this GPU, by index or UUID; may be repeated", collect)
      .option("--env <NAME[=value]>", "a variable for the job, as PATH is anyway; may be repeated", collect)
      .option("--pause-signal <signal>", "what asks it to save and exit (default: SIGUSR2)"),
    async (c, o) => (await import("./commands/run.ts")).run(c, o),
  );
  does(
    verb(cli, "pause", "make room; returns when each job is saved and gone")
      .argument("[JOB...]")
      .option("--all", "all jobs")
      .option("--for <duration>", "resume by itself after this, such as 2h")
      .option("--until <time>", "resume by itself at this time, such as 18:00")
      .option("--freeze", "stop it where it stands: frees CPU and GPU time, no memory")
      .option("--terminate", "end it now and keep it paused: loses what it hasn't saved, and says so first")
      .option("--no-wait", "return at once"),
    async (j, o) => (await import("./commands/pause.ts")).pause(j, o),
  );
  does(
    verb(cli, "resume", "let jobs run again; tells what one waits for")
      .argument("[JOB...]")
      .option("--all", "all jobs")
      .option("--no-wait", "return at once"),
    async (j, o) => (await import("./commands/resume.ts")).resume(j, o),
  );
  does(
    verb(cli, "cancel", "end jobs for good").argument("<JOB...>").option("--no-wait", "return at once"),
    async (j, o) => (await import("./commands/cancel.ts")).cancel(j, o),
  );
  does(
    verb(cli, "ask", "ask another user's supervised job for a turn on its GPU")
      .argument("[JOB]", "for this job (default: your first in line)")
      .option("--gpu <id>", "the GPU, by index or UUID")
      .option("--for <duration>", "how long the turn lasts", "2h"),
    async (j, o) => (await import("./commands/ask-for-turn.ts")).askForTurn(j, o),
  );
  does(verb(cli, "wait", "return when the jobs have ended").argument("<JOB...>"), async (j, o) =>
    (await import("./commands/wait.ts")).wait(j, o),
  );
}

function lookingCommands(cli: Command): void {
  does(reading(verb(cli, "status", "the machine and every job, now")), async (o) =>
    (await import("./commands/status.ts")).status(o),
  );
  does(
    reading(
      verb(cli, "why", "what a job waits for; without a name, all that aren't running").argument("[JOB]"),
    ),
    async (j, o) => (await import("./commands/why.ts")).why(j, o),
  );
  does(
    reading(verb(cli, "logs", "what a job has written").argument("<JOB>"))
      .option("-f, --follow", "go on as it writes more")
      .option("-n, --lines <count>", "so many of the last lines", "50"),
    async (j, o) => (await import("./commands/logs.ts")).logs(j, o),
  );
  const audit = reading(verb(cli, "audit", "what was decided, when and why"))
    .option("--job <job>", "only of this job")
    .option("--since <time>", "from then on: 2h, 09:00, 2026-11-23")
    .option("--kind <kind>", "only of this kind, such as pause.completed")
    .option("-n, --lines <count>", "only so many of the newest");
  does(audit, async (o) => (await import("./commands/audit.ts")).audit(o));
  does(
    reading(verb(audit, "verify", "prove that no event was changed, removed or moved")).option(
      "--expect <hash>",
      "a hash noted earlier, which must be there",
    ),
    async (o) => (await import("./commands/audit.ts")).auditVerify(o),
  );
}

function configCommands(cli: Command): void {
  does(reading(verb(cli, "check", "all problems of a config at once").argument("[FILE]")), async (f, o) =>
    (await import("./commands/check.ts")).check(f, o),
  );
  does(
    reading(verb(cli, "doctor", "what can be seen and done on this machine: for a bug report")),
    async (o) => (await import("./commands/doctor.ts")).doctor(o),
  );
  does(verb(cli, "init", "write a commented config to begin with"), async (o) =>
    (await import("./commands/init.ts")).init(o),
  );
  cli
    .command("help")
    .argument("[COMMAND or TOPIC]")
    .description("help on a command, or on: config, pause, python, typescript, exit-codes")
    .action(async (name: string | undefined) => {
      const command = cli.commands.find((one) => one.name() === name);
      if (command !== undefined || name === undefined) (command ?? cli).outputHelp();
      else
        (await import("./commands/help.ts")).help(
          name,
          cli.commands.map((one) => one.name()),
        );
    });
}
