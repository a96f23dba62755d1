/** `status`: the machine and one line per job, now; with `--all`, the jobs of all of this user's supervisors; with `--host`, those of other machines. */
import { formatStatus } from "../../../show/plain.ts";
import { print, printJson, width } from "../../print.ts";
import { mustConnect, type Options, snapshotOf } from "../../supervisors/connect.ts";

export interface StatusOptions extends Options {
  all?: boolean;
  host?: string[];
}

export async function status(options: StatusOptions): Promise<number> {
  if (options.host) return (await import("./status-hosts.ts")).statusOfHosts(options.host, options);
  if (options.all) return (await import("./status-all.ts")).statusOfAll(options);
  const client = await mustConnect(options);
  try {
    const snapshot = await snapshotOf(client);
    if (options.json) printJson(snapshot);
    else print(formatStatus(snapshot, width()));
    return 0;
  } finally {
    client.close();
  }
}
