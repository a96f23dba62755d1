/**
 * The command line: declares the commands and does nothing else. Each is a file in commands/, loaded
 * when it runs.
 */
import { Command, CommanderError } from "commander";
import { VERSION } from "../version.ts";
import { collect, declare, withJson } from "./declare-command.ts";
import { HELP } from "./help-text.ts";

/** Runs the command that was typed and sets the process's exit code. Throws Refusal, or a bug's error. */
export async function obey(argv: string[]): Promise<void> {
  try {
    await program().parseAsync(argv);
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
    .exitOverride();
  cli.helpInformation = () => HELP;
  supervisorCommands(cli);
  runCommand(cli);
  jobCommands(cli);
  turnCommand(cli);
  lookingCommands(cli);
  configCommands(cli);
  helpCommand(cli);
  return cli;
}

function supervisorCommands(cli: Command): void {
  declare(
    cli,
    "start",
    "start a supervisor and watch it; attach if one is already running",
    async () => (await import("./commands/start.ts")).start,
    {
      options: {
        headless: ["--headless", "stay in the foreground and print one line per event"],
        detach: ["--detach", "start it in the background and return"],
        adopt: ["--adopt", "take over the jobs and checkpoints that another config left in its places"],
      },
    },
  );
  declare(
    cli,
    "stop",
    "save and pause all jobs, then stop the supervisor",
    async () => (await import("./commands/stop.ts")).stop,
    { options: { leaveJobs: ["--leave-jobs", "leave the jobs running"] } },
  );
  declare(
    cli,
    "dashboard",
    "attach to the running supervisor",
    async () => (await import("./commands/dashboard.ts")).dashboard,
    { options: {} },
  );
}

function runCommand(cli: Command): void {
  declare(
    cli,
    "run",
    "submit a command as a new job; starts a supervisor if needed",
    async () => (await import("./commands/run.ts")).run,
    {
      argument: "<COMMAND...>",
      options: {
        name: ["--name <name>", "the job's name (default: taken from the command)"],
        priority: ["--priority <number>", "higher is paused last and resumed first"],
        gpus: ["--gpus <count>", "how many GPUs it needs"],
        gpu: ["--gpu <id>", "this GPU, by index or UUID; may be repeated", collect],
        env: [
          "--env <NAME[=value]>",
          "pass this variable to the job (PATH is always passed); may be repeated",
          collect,
        ],
        pauseSignal: [
          "--pause-signal <signal>",
          "the signal on which it saves and exits by itself (without a job library)",
        ],
        adopt: ["--adopt", "go on from the checkpoints of an earlier job of that name"],
      },
    },
  )
    .usage("[options] [--] COMMAND...")
    .passThroughOptions();
}

const noWait: [flags: "--no-wait", description: string] = ["--no-wait", "return at once"];

function jobCommands(cli: Command): void {
  declare(
    cli,
    "pause",
    "make room; returns when each job is saved and gone",
    async () => (await import("./commands/pause.ts")).pause,
    {
      argument: "[JOB...]",
      options: {
        all: ["--all", "all jobs"],
        for: ["--for <duration>", "resume automatically after this long, such as 2h"],
        until: ["--until <time>", "resume automatically at this time, such as 18:00"],
        freeze: ["--freeze", "suspend it in place: frees CPU and GPU time, but no memory"],
        terminate: [
          "--terminate",
          "end it now and keep it paused: loses unsaved work, and says how much first",
        ],
        wait: noWait,
      },
    },
  );
  declare(
    cli,
    "resume",
    "let jobs run again; says what a waiting job waits for",
    async () => (await import("./commands/resume.ts")).resume,
    {
      argument: "[JOB...]",
      options: {
        all: ["--all", "all jobs"],
        adopt: ["--adopt", "go on from another job's checkpoints, where such are found"],
        wait: noWait,
      },
    },
  );
  declare(
    cli,
    "rerun",
    "begin jobs anew; their checkpoints are set aside",
    async () => (await import("./commands/rerun.ts")).rerun,
    { argument: "<JOB...>", options: { wait: noWait } },
  );
  declare(
    cli,
    "restore",
    "bring a checkpoint back from a job's backup",
    async () => (await import("./commands/restore.ts")).restore,
    {
      argument: "<JOB>",
      options: { step: ["--step <number>", "this one instead of the newest"] },
    },
  );
  declare(cli, "cancel", "end jobs for good", async () => (await import("./commands/cancel.ts")).cancel, {
    argument: "<JOB...>",
    options: { wait: noWait },
  });
  declare(
    cli,
    "wait",
    "return when the jobs have ended",
    async () => (await import("./commands/wait.ts")).wait,
    { argument: "<JOB...>", options: {} },
  );
}

function turnCommand(cli: Command): void {
  declare(
    cli,
    "ask",
    "ask another user's supervised job for a turn on its GPU",
    async () => (await import("./commands/ask-for-turn.ts")).askForTurn,
    {
      argument: "[JOB]",
      explained: "for this job (default: your first in line)",
      options: {
        gpu: ["--gpu <id>", "the GPU, by index or UUID"],
        for: ["--for <duration>", "how long the turn lasts", "2h"],
      },
    },
  );
}

function lookingCommands(cli: Command): void {
  const status = async () => (await import("./commands/status.ts")).status;
  withJson(
    declare(cli, "status", "the machine and every job, now", status, {
      options: {
        all: ["--all", "the jobs of all of your supervisors that are running"],
        host: ["--host <name>", "those of another machine, over ssh; may be repeated", collect],
      },
    }),
  );
  const why = async () => (await import("./commands/why.ts")).why;
  const about = "what a job waits for; without a name, all that aren't running";
  withJson(declare(cli, "why", about, why, { argument: "[JOB]", options: {} }));
  const logs = async () => (await import("./commands/logs.ts")).logs;
  withJson(
    declare(cli, "logs", "what a job has written", logs, {
      argument: "<JOB>",
      options: {
        follow: ["-f, --follow", "keep printing as it writes more"],
        lines: ["-n, --lines <count>", "how many of the last lines to print", "50"],
      },
    }),
  );
  auditCommands(cli);
  const report = async () => (await import("./commands/report.ts")).report;
  const time = "where the time went, and what pausing cost and saved";
  withJson(
    declare(cli, "report", time, report, {
      options: {
        since: ["--since <time>", "from then on: 2h, 09:00, 2026-11-23", "30d"],
        until: ["--until <time>", "up to then (default: now)"],
        job: ["--job <job>", "only this job"],
        csv: ["--csv", "print a table for a spreadsheet"],
        html: ["--html <file>", "write a page with plots, which needs nothing else"],
      },
    }),
  );
  replayCommand(cli);
}

function replayCommand(cli: Command): void {
  const load = async () => (await import("./commands/replay.ts")).replay;
  const about = "what a config would have done with recorded history";
  const replay = declare(cli, "replay", about, load, {
    options: {
      from: ["--from <time>", "from then on: 2h, 09:00, 2026-11-23"],
      to: ["--to <time>", "up to then"],
      csv: ["--csv <file>", "history from this file instead of the database (docs/replay.md)"],
      suggest: ["--suggest", "vary the rules' thresholds and dwells, and show which would have been better"],
    },
  });
  const config = replay.options.find(({ long }) => long === "--config");
  config?.argParser(collect);
  if (config !== undefined) config.description = "use this config; may be repeated, to compare several";
  withJson(replay);
}

function auditCommands(cli: Command): void {
  const load = async () => (await import("./commands/audit.ts")).audit;
  const audit = declare(cli, "audit", "what was decided, when and why", load, {
    options: {
      job: ["--job <job>", "only events of this job"],
      since: ["--since <time>", "only events since then: 2h, 09:00, 2026-11-23"],
      kind: ["--kind <kind>", "only events of this kind, such as pause.completed"],
      lines: ["-n, --lines <count>", "only this many of the newest events"],
    },
  });
  const verify = async () => (await import("./commands/audit.ts")).auditVerify;
  withJson(
    declare(withJson(audit), "verify", "prove that no event was changed, removed or moved", verify, {
      options: { expect: ["--expect <hash>", "a hash noted earlier, which must still be there"] },
    }),
  );
}

function configCommands(cli: Command): void {
  const check = async () => (await import("./commands/check.ts")).check;
  const all = "all problems of a config at once";
  withJson(declare(cli, "check", all, check, { argument: "[FILE]", options: {} }));
  const doctor = async () => (await import("./commands/doctor.ts")).doctor;
  const page = "what can be seen and done on this machine, for a bug report";
  withJson(declare(cli, "doctor", page, doctor, { options: {} }));
  const init = async () => (await import("./commands/init.ts")).init;
  declare(cli, "init", "write a commented config to start from", init, { options: {} });
}

function helpCommand(cli: Command): void {
  cli
    .command("help")
    .argument("[COMMAND or TOPIC]")
    .description("help on a command, or on: config, pause, python, typescript, exit-codes")
    .action(async (name: string | undefined) => {
      const command = cli.commands.find((one) => one.name() === name);
      if (command !== undefined || name === undefined) return (command ?? cli).outputHelp();
      const { help } = await import("./commands/help.ts");
      help(
        name,
        cli.commands.map((one) => one.name()),
      );
    });
}
