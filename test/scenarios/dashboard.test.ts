/**
 * The whole thing as a person has it: `supervisor start` in a terminal, driven by keys.
 * Covers: src/cli/commands/supervisor/dashboard.ts
 */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, expect } from "vitest";
import { testWith, tmux } from "../needs.ts";
import { CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

const BIN = resolve(import.meta.dirname, "../../dist/bin.js");
const SERVER = `supervisor-test-${process.pid}`;
let supervisor: RealSupervisor;

const terminal = (...args: string[]): string =>
  spawnSync("tmux", ["-L", SERVER, ...args], { encoding: "utf8" }).stdout;
const screen = (): string => terminal("capture-pane", "-p");
const shows = (what: RegExp): Promise<string> =>
  until(`the screen to show ${what}`, () => {
    const now = screen();
    if (!what.test(now)) throw new Error(`it shows:\n${now}`);
    return now;
  });

afterEach(async () => {
  supervisor.say("stop");
  terminal("kill-server");
  await supervisor.close();
});

testWith(tmux)(
  "start attaches; p pauses, r resumes, w explains, l shows the log, q detaches, start attaches again",
  async () => {
    supervisor = new RealSupervisor({
      jobs: [{ name: "count", command: ["node", join(CHILDREN, "count-steps.ts"), "--total", "100000"] }],
    });
    mkdirSync(join(supervisor.directory, "home"));
    const start = `${process.execPath} ${BIN} start --config ${supervisor.configFile}`;
    terminal("new-session", "-d", "-x", "100", "-y", "30", `${start}; echo LEFT $?; exec sh`);
    await shows(/count\s+running/);
    expect(supervisor.job("count").state).toBe("running");

    terminal("send-keys", "p");
    await shows(/count\s+paused/);
    await supervisor.reaches("count", ["paused"]);
    terminal("send-keys", "w");
    await shows(/why[^\n]*count[\s\S]*by you/);
    terminal("send-keys", "Escape");
    await shows(/events/);
    terminal("send-keys", "r");
    await shows(/count\s+running/);
    terminal("send-keys", "l");
    await shows(/begins at/);
    terminal("send-keys", "Escape");
    await shows(/events/);

    terminal("send-keys", "q");
    await shows(/LEFT 0/);
    expect(supervisor.job("count").state).toBe("running");
    terminal("send-keys", start, "Enter");
    await shows(/count\s+running/);
    terminal("send-keys", "C-c");
    await shows(/\[s\] stop: save and pause 1 job/);
    terminal("send-keys", "s");
    await until("the supervisor to end", () => supervisor.say("status").code === 3);
    expect(supervisor.audit("pause.requested").at(-1)?.actor).toBe("shutdown");
    expect(supervisor.audit("pause.completed")).toHaveLength(2);
  },
);
