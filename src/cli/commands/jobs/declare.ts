/** What is done with jobs. Each command is a file beside this one, loaded when it runs. */
import type { Command } from "commander";
import { collect, declare, type OptionTable } from "../../help/declare-command.ts";
import type { JobOptions } from "./submit/job-from-options.ts";

export function declareJobs(cli: Command): void {
  runCommand(cli);
  configCommands(cli);
  jobCommands(cli);
  turnCommand(cli);
}

/** Of the job itself, for whatever makes one. */
const jobOptions: OptionTable<JobOptions> = {
  name: ["--name <name>", "the job's name (default: taken from the command)"],
  cwd: ["--cwd <folder>", "where it runs (default: here)"],
  priority: ["--priority <number>", "higher is paused last and resumed first"],
  gpus: ["--gpus <count>", "how many GPUs it needs"],
  gpu: ["--gpu <id>", "this GPU, by index or UUID; may be repeated", collect],
  gpuMemory: ["--gpu-memory <size>", "what it needs on each GPU, such as 20GiB"],
  env: ["--env <NAME[=value]>", "a variable of the job's own; may be repeated", collect],
  pauseSignal: [
    "--pause-signal <signal>",
    "the signal on which it saves and exits by itself (without a job library)",
  ],
  pauseMethod: ["--pause-method <method>", "how it makes room: checkpoint, standby, freeze (default: auto)"],
  grace: ["--grace <duration>", "how long it may take to save, such as 10m (default: by its saves)"],
  onTimeout: [
    "--on-timeout <action>",
    "when its grace has run out: wait, freeze, terminate, kill (default: wait)",
  ],
  checkpointGlob: ["--checkpoint-glob <pattern>", "the checkpoint files that it writes by itself"],
  resumeArgs: ["--resume-args <words>", "added on a resume; {checkpoint} is its path"],
  after: ["--after <jobs>", "not before these have finished, such as prep,tokenize"],
  afterAny: ["--after-any <jobs>", "not before these have ended, also where they failed"],
  at: ["--at <time>", "not before this time, such as 22:00"],
};

function runCommand(cli: Command): void {
  declare(
    cli,
    "run",
    "submit a command as a new job; starts a supervisor if needed",
    async () => (await import("./submit/run.ts")).run,
    {
      argument: "<COMMAND...>",
      options: {
        ...jobOptions,
        env: [
          "--env <NAME[=value]>",
          "a variable of the job's own, beside those of this shell; may be repeated",
          collect,
        ],
        adopt: ["--adopt", "go on from the checkpoints of an earlier job of that name"],
        wait: ["--wait", "return when it has ended, with its exit code"],
        follow: ["--follow", "print its output until it ends; exits with its exit code"],
      },
    },
  )
    .option("--json", "print its name, its run's id and its state as JSON")
    .usage("[options] [--] COMMAND...")
    .passThroughOptions();
}

function configCommands(cli: Command): void {
  declare(cli, "add", "add a command to the config as a job", async () => (await import("./add.ts")).add, {
    argument: "<COMMAND...>",
    options: {
      ...jobOptions,
      set: ["--set <setting=value>", "such as priority=20 or pause.method=freeze; may be repeated", collect],
    },
  })
    .usage("[options] [--] COMMAND...")
    .passThroughOptions();
  declare(cli, "edit", "change settings of a job", async () => (await import("./add.ts")).edit, {
    argument: "<JOB...>",
    explained: "the job, then SETTING=VALUE, such as priority=20",
    options: {},
  }).usage("[options] JOB SETTING=VALUE...");
}

const noWait: [flags: "--no-wait", description: string] = ["--no-wait", "return at once"];

function jobCommands(cli: Command): void {
  declare(
    cli,
    "pause",
    "make room; returns when each job is saved and gone",
    async () => (await import("./pause.ts")).pause,
    {
      argument: "[JOB...]",
      options: {
        all: ["--all", "all jobs"],
        gpu: ["--gpu <id>", "the jobs on this GPU, by index or UUID; may be repeated", collect],
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
    async () => (await import("./resume.ts")).resume,
    {
      argument: "[JOB...]",
      options: {
        all: ["--all", "all jobs"],
        at: ["--at <time>", "not before this time, such as 22:00"],
        adopt: ["--adopt", "go on from another job's checkpoints, where such are found"],
        wait: noWait,
      },
    },
  );
  declare(
    cli,
    "rerun",
    "begin jobs anew; their checkpoints are set aside",
    async () => (await import("./rerun.ts")).rerun,
    {
      argument: "<JOB...>",
      options: {
        from: ["--from <step>", "go on from the checkpoint of this step; later ones aren't used"],
        wait: noWait,
      },
    },
  );
  declare(
    cli,
    "restore",
    "bring a checkpoint back from a job's backup",
    async () => (await import("./restore.ts")).restore,
    {
      argument: "<JOB>",
      options: { step: ["--step <number>", "this one instead of the newest"] },
    },
  );
  declare(cli, "cancel", "end jobs for good", async () => (await import("./cancel.ts")).cancel, {
    argument: "<JOB...>",
    options: { wait: noWait },
  });
  const checkpoints: [flags: "--checkpoints", description: string] = [
    "--checkpoints",
    "and delete what they have saved, for good; files of 'checkpoint.glob' stay",
  ];
  declare(
    cli,
    "remove",
    "take jobs that have no run off the list",
    async () => (await import("./remove.ts")).remove,
    { argument: "<JOB...>", options: { checkpoints } },
  );
  declare(
    cli,
    "clean",
    "remove every job of 'run' that has ended",
    async () => (await import("./remove.ts")).clean,
    { options: { checkpoints } },
  );
  declare(cli, "wait", "return when the jobs have ended", async () => (await import("./wait.ts")).wait, {
    argument: "<JOB...>",
    options: { timeout: ["--timeout <duration>", "give up after this long, with exit code 1"] },
  });
}

function turnCommand(cli: Command): void {
  declare(
    cli,
    "ask",
    "ask another user's supervised job for a turn on its GPU",
    async () => (await import("./ask-for-turn.ts")).askForTurn,
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
