/**
 * Opens the dashboard on this terminal and waits until it is left. React and Ink are loaded only here.
 * Never ends the process: that is its caller's.
 */

import type { DashboardClient } from "../../../control/dashboard-client.ts";
import { followPlain } from "../../follow-plain.ts";
import type { DashboardEnd, DashboardOptions } from "../dashboard-options.ts";

/** Values of TERM of a terminal of which no control sequence is known. */
const PLAIN = ["", "dumb", "unknown"];

/** Whether a dashboard can be drawn: both ends are a terminal, and it can move its cursor. */
export const canDraw = (): boolean =>
  process.stdout.isTTY === true && process.stdin.isTTY === true && !PLAIN.includes(process.env.TERM ?? "");

/**
 * Resolves when the user detached or the supervisor stopped, after a line that says so. Without a
 * terminal that can draw, plain lines follow instead, until the same ends or SIGINT.
 */
export async function runDashboard(
  client: DashboardClient,
  options: DashboardOptions,
): Promise<DashboardEnd> {
  if (!canDraw()) return followPlain(client);
  const { openDashboard } = await import("./open-dashboard.tsx");
  return openDashboard(client, options);
}
