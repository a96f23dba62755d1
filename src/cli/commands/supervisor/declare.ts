/** What starts, stops and shows a supervisor. Each command is a file beside this one, loaded when it runs. */
import type { Command } from "commander";
import { declare, withJson } from "../../help/declare-command.ts";

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
  const restart = async () => (await import("./restart.ts")).restart;
  declare(cli, "restart", "restart the supervisor; its jobs keep running", restart, { options: {} });
  declare(
    cli,
    "dashboard",
    "attach to the running supervisor",
    async () => (await import("./dashboard.ts")).dashboard,
    { options: {} },
  );
  serviceCommands(cli);
}

function serviceCommands(cli: Command): void {
  const load = () => import("./service.ts");
  const service = cli
    .command("service")
    .description("have systemd start it: service install, remove or status");
  const install = "have systemd start it, at login or with the machine";
  declare(service, "install", install, async () => (await load()).installService, {
    options: { print: ["--print", "print the unit, and do nothing"] },
  });
  declare(service, "remove", "stop systemd from starting it", async () => (await load()).removeService, {
    options: {},
  });
  const status = async () => (await load()).serviceStatus;
  withJson(declare(service, "status", "whether systemd starts it", status, { options: {} }));
}
