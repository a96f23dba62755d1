/** What only looks. Each command is a file beside this one, loaded when it runs. */
import type { Command } from "commander";
import { collect, declare, withJson } from "../../help/declare-command.ts";

export function declareLooking(cli: Command): void {
  const status = async () => (await import("./status.ts")).status;
  withJson(
    declare(cli, "status", "the machine and every job, now", status, {
      options: {
        all: ["--all", "the jobs of all of your supervisors that are running"],
        host: ["--host <name>", "those of another machine, over ssh; may be repeated", collect],
      },
    }),
  );
  const why = async () => (await import("./why.ts")).why;
  const about = "what a job waits for; without a name, all that aren't running";
  withJson(declare(cli, "why", about, why, { argument: "[JOB]", options: {} }));
  const logs = async () => (await import("./logs.ts")).logs;
  withJson(
    declare(cli, "logs", "what a job has written", logs, {
      argument: "<JOB>",
      options: {
        follow: ["-f, --follow", "keep printing until it ends; exits 0 if it finished, 1 if not"],
        keep: ["--keep", "with -f: go on after its end, for its next run"],
        lines: ["-n, --lines <count>", "how many of the last lines to print (default: 50; of a run, all)"],
        run: ["--run <number>", "what that run has written"],
      },
    }),
  );
  auditCommands(cli);
  const report = async () => (await import("./report.ts")).report;
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
  const load = async () => (await import("./replay.ts")).replay;
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
  const load = async () => (await import("./audit.ts")).audit;
  const audit = declare(cli, "audit", "what was decided, when and why", load, {
    options: {
      job: ["--job <job>", "only events of this job"],
      since: ["--since <time>", "only events since then: 2h, 09:00, 2026-11-23"],
      kind: ["--kind <kind>", "only events of this kind, such as pause.completed"],
      lines: ["-n, --lines <count>", "only this many of the newest events"],
    },
  });
  const verify = async () => (await import("./audit.ts")).auditVerify;
  withJson(
    declare(withJson(audit), "verify", "prove that no event was changed, removed or moved", verify, {
      options: { expect: ["--expect <hash>", "a hash noted earlier, which must still be there"] },
    }),
  );
}
