/** Debian's supervisord: keeps its programs running, and has no rules. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../test/until.ts";
import type { Begun, Peer, Taking } from "./peer.ts";
import { endAll, folder, markOf, tellingJob } from "./place.ts";
import { answer, family, say, sleepersOf, versionOf } from "./processes.ts";

const CALL = "<methodCall><methodName>supervisor.getState</methodName></methodCall>";
const ASK = `POST /RPC2 HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: ${CALL.length}\r\n\r\n${CALL}`;

interface Running {
  directory: string;
  config: string;
  pid: number;
}

function start(programs: string[]): Running {
  const directory = folder("supervisord");
  const config = join(directory, "conf");
  const lines = [
    "[supervisord]",
    "nodaemon=true",
    `logfile=${directory}/log`,
    `pidfile=${directory}/pid`,
    "[unix_http_server]",
    `file=${directory}/socket`,
    "[supervisorctl]",
    `serverurl=unix://${directory}/socket`,
    "[rpcinterface:supervisor]",
    "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
    ...programs,
    "",
  ];
  writeFileSync(config, lines.join("\n"));
  const child = spawn("supervisord", ["-c", config], { stdio: "ignore", cwd: directory });
  return { directory, config, pid: child.pid ?? 0 };
}

const sleeping = (jobs: number): string[] => [
  "[program:sleep]",
  "command=/bin/sleep 100000",
  "process_name=%(process_num)d",
  `numprocs=${jobs}`,
];

const answers = ({ directory }: Running): Promise<void> => answer(join(directory, "socket"), ASK);

export const supervisord: Peer = {
  name: "supervisord",
  version: () => versionOf("supervisord", "-v"),
  install: "apt install supervisor",
  many: true,
  async begin(jobs): Promise<Begun> {
    const running = start(sleeping(jobs));
    await until("supervisord's jobs", () => sleepersOf(running.pid).length === jobs);
    return { pids: () => family(running.pid), close: async () => endAll(running.directory) };
  },
  async startUpMs() {
    const began = performance.now();
    const running = start(sleeping(1));
    await answers(running);
    const took = performance.now() - began;
    endAll(running.directory);
    return took;
  },
  async take(rounds): Promise<Taking> {
    const mark = markOf("supervisord", "%(process_num)d");
    const running = start([
      "[program:telling]",
      `command=${tellingJob()} ${mark}`,
      "process_name=%(process_num)d",
      `numprocs=${rounds}`,
      "autostart=false",
    ]);
    await answers(running);
    return {
      submit: (round) => say("supervisorctl", ["-c", running.config, "start", `telling:${round}`]),
      close: async () => endAll(running.directory),
    };
  },
};
