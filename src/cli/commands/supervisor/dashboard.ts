/** `dashboard`: attaches to a running supervisor; leaving it stops nothing. Loads React only now. */
import type { ControlClient } from "../../../control/client.ts";
import { Refusal } from "../../../refusal.ts";
import { logTail } from "../../logs/read-log-tail.ts";
import { print } from "../../print.ts";
import { askedBy, mustConnect, type Options, placesOf } from "../../supervisors/connect.ts";

export async function dashboard(options: Options): Promise<number> {
  const attach = prepare();
  attach.catch(() => {});
  const client = await mustConnect(options, true);
  return (await attach)(client, (await placesOf(options)).stateDirectory);
}

/**
 * Loads the dashboard, which takes about as long as starting a supervisor. Resolves with a function that
 * shows a watching client until the user leaves, and resolves with 1 where a stop hasn't saved all.
 */
export async function prepare(): Promise<(client: ControlClient, stateDirectory: string) => Promise<number>> {
  const { canDraw, runDashboard } = await import("../../../show/screen/terminal/run-dashboard.ts");
  if (canDraw()) await import("../../../show/screen/terminal/open-dashboard.tsx");
  return async (client, stateDirectory) => {
    try {
      const end = await runDashboard(client, {
        by: `${askedBy()} (dashboard)`,
        readLog: async (job, maxBytes) => {
          if (job.logPath === null) throw new Refusal("it has no log");
          return logTail(job.logPath, maxBytes).text;
        },
        readPast: async (job, watched, { atMs, supervisor }) => {
          // Opens the database: loaded where somebody looks at a job's past.
          const { jobPast } = await import("../../../report/job-past.ts");
          return jobPast(supervisor.database, job.name, watched, atMs);
        },
      });
      if (end !== "unsaved") return 0;
      const { leftRunning } = await import("../../supervisors/left-running.ts");
      const left = leftRunning(stateDirectory);
      if (left !== null) print(left);
      return 1;
    } finally {
      client.close();
    }
  };
}
