/**
 * What people type out of habit, from other programs: words that are no command here, and a job's name behind a
 * command about the supervisor. Says what is meant instead; runs nothing.
 */
import type { Command } from "commander";
import { misuse } from "../refusal.ts";

/** Words of shells, of init systems and of job queues, each with the commands that do that here. */
const MEANT: Record<string, string[]> = {
  ...alike(["ls", "ps", "list", "jobs", "top", "show", "info", "squeue", "qstat", "nvidia-smi"], ["status"]),
  ...alike(["queue", "enqueue"], ["status", "run"]),
  ...alike(["submit", "sbatch", "qsub", "exec", "launch"], ["run"]),
  ...alike(["kill", "abort", "delete", "scancel", "qdel", "terminate"], ["cancel", "pause"]),
  ...alike(["rm", "prune"], ["remove", "clean"]),
  ...alike(["tail", "output"], ["logs"]),
  ...alike(["continue", "unpause", "thaw", "retry"], ["resume", "rerun"]),
  ...alike(["suspend", "freeze", "hold"], ["pause"]),
  ...alike(["attach", "watch"], ["dashboard"]),
  ...alike(["history", "events"], ["audit"]),
};

/** Commands about the whole supervisor, with those that do the same to one job. */
const OF_A_JOB: Record<string, string[]> = {
  start: ["resume", "rerun"],
  stop: ["pause", "cancel"],
  restart: ["rerun"],
  dashboard: ["why", "logs"],
  status: ["why", "logs"],
  report: ["report --job"],
};

function alike(words: string[], commands: string[]): Record<string, string[]> {
  return Object.fromEntries(words.map((word) => [word, commands]));
}

/** @param words those that follow the program's name @throws Refusal (bad usage) where they are such a habit */
export function refuseHabits(cli: Command, words: string[]): void {
  const { operands, unknown } = cli.parseOptions(words);
  const [name = ""] = operands;
  const command = cli.commands.find((one) => one.name() === name);
  if (command === undefined && Object.hasOwn(MEANT, name))
    throw misuse(`There is no command '${name}'. ${instead(cli, MEANT[name] ?? [])}`);
  if (command === undefined || !Object.hasOwn(OF_A_JOB, name)) return;
  const [job] = command.parseOptions(unknown).operands;
  if (job !== undefined)
    throw misuse(
      `'${name}' is about the supervisor with all its jobs, and takes no name. ${instead(cli, OF_A_JOB[name] ?? [], ` ${job}`)}`,
    );
}

function instead(cli: Command, names: string[], argument = ""): string {
  const widest = Math.max(...names.map((name) => name.length));
  const lines = names.map((name) => {
    const [command] = name.split(" ");
    const about = cli.commands.find((one) => one.name() === command)?.description() ?? "";
    return `  supervisor ${name}${argument}${" ".repeat(widest - name.length)}   ${about}`;
  });
  return ["Type:", ...lines].join("\n");
}
