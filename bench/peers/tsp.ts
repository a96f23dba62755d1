/** task-spooler: a queue that runs what it is given. Each of its jobs has a process of tsp's beside it. */
import { join } from "node:path";
import { until } from "../../test/until.ts";
import type { Begun, Peer, Taking } from "./peer.ts";
import { endAll, folder, startedIn, tellingJob } from "./place.ts";
import { nameOf, say, timed, versionOf } from "./processes.ts";

const socketIn = (directory: string): string => join(directory, "socket");
const tspSays = (directory: string, ...args: string[]): Promise<void> =>
  say("tsp", args, { ...process.env, TS_SOCKET: socketIn(directory) });

/** Its server and the process beside each job, which leave their parents; or the jobs. */
const processesOf = (directory: string, name: "tsp" | "sleep"): number[] =>
  startedIn(directory).filter((pid) => nameOf(pid) === name);

export const tsp: Peer = {
  name: "task-spooler",
  version: () => versionOf("tsp", "-V"),
  install: "apt install task-spooler",
  many: true,
  async begin(jobs): Promise<Begun> {
    const directory = folder("tsp");
    await tspSays(directory, "-S", String(jobs));
    for (let i = 0; i < jobs; i++) await tspSays(directory, "/bin/sleep", "100000");
    await until("tsp's jobs", () => processesOf(directory, "sleep").length === jobs);
    return { pids: () => processesOf(directory, "tsp"), close: async () => endAll(directory) };
  },
  async startUpMs() {
    const directory = folder("tsp");
    const took = await timed(() => tspSays(directory));
    endAll(directory);
    return took;
  },
  async take(rounds): Promise<Taking> {
    const directory = folder("tsp");
    await tspSays(directory, "-S", String(rounds));
    return {
      submit: (_, mark) => tspSays(directory, tellingJob(), mark),
      close: async () => endAll(directory),
    };
  },
};
