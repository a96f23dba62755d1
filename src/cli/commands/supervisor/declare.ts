/** What starts, stops and shows a supervisor. Each command is a file beside this one, loaded when it runs. */
import type { Command } from "commander";
import { declare } from "../../declare-command.ts";

export function declareSupervisor(cli: Command): void {
  declare(
    cli,
    "start",
    "start a supervisor and watch it; attach if one is already running",
    async () => (await import("./start.ts")).start,
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
    async () => (await import("./stop.ts")).stop,
    { options: { leaveJobs: ["--leave-jobs", "leave the jobs running"] } },
  );
  declare(
    cli,
    "dashboard",
    "attach to the running supervisor",
    async () => (await import("./dashboard.ts")).dashboard,
    { options: {} },
  );
}
