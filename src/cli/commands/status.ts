/** `status`: the machine and one line per job, now. */
import { formatStatus } from "../../show/plain.ts";
import { mustConnect, type Options, snapshotOf } from "../connect.ts";
import { print, printJson, width } from "../print.ts";

export async function status(options: Options): Promise<void> {
  const client = await mustConnect(options);
  try {
    const snapshot = await snapshotOf(client);
    if (options.json) printJson(snapshot);
    else print(formatStatus(snapshot, width()));
  } finally {
    client.close();
  }
}
