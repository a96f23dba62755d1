/** `dashboard`: attaches to a running supervisor; leaving it stops nothing. Loads React only now. */
import type { ControlClient } from "../control/client.ts";
import { askedBy, mustConnect, type Options } from "./connect.ts";
import { misuse } from "./failure.ts";
import { logTail } from "./log-tail.ts";

export async function dashboard(options: Options): Promise<number> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw misuse("The dashboard needs a terminal. Without one: supervisor status, supervisor audit");
  }
  const attach = prepare();
  attach.catch(() => {});
  const client = await mustConnect(options, true);
  return (await attach)(client);
}

/** Loads the dashboard; what it resolves with draws it over a client that watches, and ends with it. */
export async function prepare(): Promise<(client: ControlClient) => Promise<number>> {
  const { runDashboard } = await import("../show/run-dashboard.ts");
  return async (client) => {
    try {
      await runDashboard(client, {
        by: `${askedBy()} (dashboard)`,
        readLog: async (job, maxBytes) => {
          if (job.logPath === null) throw new Error("it has no log");
          return logTail(job.logPath, maxBytes).text;
        },
      });
      return 0;
    } finally {
      client.close();
    }
  };
}
