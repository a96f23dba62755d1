/** Declarations that must not compile: `npm run types` fails where one of them does. Never run. */
import type { Command } from "commander";
import { collect, declare } from "../../src/cli/help/declare-command.ts";

interface AttemptOptions {
  config?: string;
  leaveJobs?: boolean;
  wait: boolean;
  name?: string;
  lines: string;
  gpu?: string[];
}

/** What `attempt` was called with. */
export const ran: unknown[] = [];

export const attempt = async () => async (jobs: string[], options: AttemptOptions) => {
  ran.push([jobs, options]);
};

type Attempt = Awaited<ReturnType<typeof attempt>>;

export const OPTIONS: Parameters<typeof declare<Attempt>>[4]["options"] = {
  leaveJobs: ["--leave-jobs", "…"],
  wait: ["--no-wait", "…"],
  name: ["--name <name>", "…"],
  lines: ["-n, --lines <count>", "…", "50"],
  gpu: ["--gpu <id>", "…", collect],
};

export function wrong(cli: Command): void {
  const argument = "[JOB...]";
  // @ts-expect-error a misspelt flag, which would set another option
  declare(cli, "1", "…", attempt, { argument, options: { ...OPTIONS, leaveJobs: ["--leave-job", "…"] } });
  // @ts-expect-error a value where the function reads true or false
  declare(cli, "2", "…", attempt, { argument, options: { ...OPTIONS, wait: ["--no-wait <n>", "…"] } });
  // @ts-expect-error no value where the function reads one
  declare(cli, "3", "…", attempt, { argument, options: { ...OPTIONS, name: ["--name", "…"] } });
  // @ts-expect-error no default where the function always reads one
  declare(cli, "4", "…", attempt, { argument, options: { ...OPTIONS, lines: ["--lines <n>", "…"] } });
  // @ts-expect-error an option that the function doesn't read
  declare(cli, "5", "…", attempt, { argument, options: { ...OPTIONS, extra: ["--extra", "…"] } });
  const { gpu: _, ...missing } = OPTIONS;
  // @ts-expect-error an option that the function reads is missing
  declare(cli, "6", "…", attempt, { argument, options: missing });
  // @ts-expect-error one job where the function takes several
  declare(cli, "7", "…", attempt, { argument: "[JOB]", options: OPTIONS });
}
