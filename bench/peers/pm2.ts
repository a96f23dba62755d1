/** pm2: keeps its programs running, and restarts one whose memory passes a limit. */
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { until } from "../../test/until.ts";
import type { Begun, Peer, Taking } from "./peer.ts";
import { endAll, folder, tellingJob } from "./place.ts";
import { family, say, sleepersOf, timed } from "./processes.ts";

/** Where `install` puts it. */
const PREFIX = join(tmpdir(), "pm2");

/** Its command, on the PATH or where `install` puts it. */
function program(): string | null {
  const folders = [...(process.env.PATH ?? "").split(delimiter), join(PREFIX, "node_modules/.bin")];
  return folders.map((path) => join(path, "pm2")).find(existsSync) ?? null;
}

const environment = (home: string): NodeJS.ProcessEnv => ({ ...process.env, PM2_HOME: home });
const pm2Says = (home: string, ...args: string[]): Promise<void> =>
  say(process.execPath, [program() ?? "", ...args], environment(home));

const daemonOf = (home: string): number => Number(readFileSync(join(home, "pm2.pid"), "utf8"));

export const pm2: Peer = {
  name: "pm2",
  // Asked, it would start its daemon.
  version() {
    const path = program();
    if (path === null) return null;
    return JSON.parse(readFileSync(join(realpathSync(path), "../../package.json"), "utf8")).version;
  },
  install: `npm install --prefix ${PREFIX} pm2`,
  many: true,
  async begin(jobs): Promise<Begun> {
    const home = folder("pm2");
    const apps = Array.from({ length: jobs }, (_, i) => ({
      name: `sleep-${i}`,
      script: "/bin/sleep",
      args: "100000",
      interpreter: "none",
      max_memory_restart: "10G",
    }));
    writeFileSync(join(home, "apps.json"), JSON.stringify({ apps }));
    await pm2Says(home, "start", join(home, "apps.json"));
    await until("pm2's jobs", () => sleepersOf(daemonOf(home)).length === jobs);
    return {
      pids: () => family(daemonOf(home)),
      close: async () => endAll(home),
      screen: {
        command: [process.execPath, program() ?? "", "monit"],
        env: { PM2_HOME: home },
        shows: "sleep-0",
      },
    };
  },
  async startUpMs() {
    const home = folder("pm2");
    const took = await timed(() => pm2Says(home, "ping"));
    endAll(home);
    return took;
  },
  async take(): Promise<Taking> {
    const home = folder("pm2");
    await pm2Says(home, "ping");
    return {
      submit: (round, mark) =>
        pm2Says(home, "start", tellingJob(), "--interpreter", "none", "--name", `job-${round}`, "--", mark),
      close: async () => endAll(home),
    };
  },
};
