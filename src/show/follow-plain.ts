/** The dashboard where nothing can be drawn: the status once, then a line for each event. */

import type { DashboardClient } from "../control/dashboard-client.ts";
import { formatEvent } from "./event-words.ts";
import { neutralLines } from "./neutral.ts";
import { formatStatus } from "./plain.ts";
import type { DashboardEnd } from "./screen/dashboard-options.ts";
import { StopOutcome } from "./stop-outcome.ts";

const PLAIN_WIDTH = 100;
const STOPS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Writes to stdout until the supervisor ends (`stopped`, `unsaved`) or a signal comes (`detached`). */
export function followPlain(client: DashboardClient): Promise<DashboardEnd> {
  return new Promise((resolve) => {
    let lastId: number | null = null;
    const print = (text: string): boolean => process.stdout.write(`${neutralLines(text)}\n`);
    const end = (how: DashboardEnd, line: string): void => {
      for (const signal of STOPS) process.off(signal, detach);
      client.close();
      print(line);
      resolve(how);
    };
    const detach = (): void => end("detached", "Detached: the supervisor and its jobs go on.");
    for (const signal of STOPS) process.on(signal, detach);
    const outcome = new StopOutcome();
    client.onSnapshot((snapshot) => {
      if (snapshot.supervisor.stopping) outcome.take(snapshot);
      if (lastId === null) print(formatStatus(snapshot, PLAIN_WIDTH));
      else for (const event of snapshot.events) if (event.id > lastId) print(formatEvent(event));
      lastId = snapshot.events.at(-1)?.id ?? lastId ?? 0;
    });
    client.onClose((reason) => {
      const ended = [`The supervisor has ended (${reason}).`, ...outcome.unsaved(false)];
      end(ended.length === 1 ? "stopped" : "unsaved", ended.join("\n"));
    });
  });
}
