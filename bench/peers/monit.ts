/** monit at 1 Hz: watches processes, and may run a command where a limit is passed. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startMonit } from "../idle/monit.ts";
import type { Begun, Peer } from "./peer.ts";
import { endAll, folder } from "./place.ts";
import { answer, versionOf } from "./processes.ts";

/** A process that sleeps, and the lines by which monit watches its CPU and memory. */
function watched(directory: string, index: number): string[] {
  const child = spawn("/bin/sleep", ["100000"], { env: { TMPDIR: directory }, stdio: "ignore" });
  const pidFile = join(directory, `sleep-${index}.pid`);
  writeFileSync(pidFile, `${child.pid}\n`);
  return [
    `check process sleep-${index} with pidfile ${pidFile}`,
    "  if cpu > 95% for 3 cycles then alert",
    "  if memory usage > 95% then alert",
  ];
}

export const monit: Peer = {
  name: "monit",
  version: () => versionOf("monit", "-V"),
  install: "apt install monit",
  many: true,
  async begin(jobs): Promise<Begun> {
    const directory = folder("watched");
    const idle = startMonit(Array.from({ length: jobs }, (_, i) => watched(directory, i)).flat());
    const close = async (): Promise<void> => {
      await idle.close();
      endAll(directory);
    };
    return { pids: idle.pids, close };
  },
  async startUpMs() {
    const directory = folder("monit");
    const socket = join(directory, "socket");
    const lines = watched(directory, 0);
    const began = performance.now();
    const idle = startMonit([`set httpd unixsocket ${socket} allow user:word`, ...lines]);
    // It asks who is there: that is an answer, too.
    await answer(socket, "GET / HTTP/1.0\r\n\r\n");
    const took = performance.now() - began;
    await idle.close();
    endAll(directory);
    return took;
  },
};
