/**
 * The supervisor as a service: under a real systemd user manager, where one can be run; without systemd a sentence that
 * says what to do; and `restart`, which no job notices.
 * Covers: src/cli/service/unit.ts, src/cli/service/user-manager.ts, src/cli/service/service-state.ts, src/cli/commands/supervisor/service.ts,
 * src/cli/commands/supervisor/restart.ts
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BIN, CommandLine } from "../cli/command-line.ts";
import { systemdAnalyze, testWith, userManager } from "../needs.ts";
import { until } from "../until.ts";
import { alive } from "./real-supervisor.ts";
import { UserManager } from "./user-manager.ts";

let cli: CommandLine;
beforeEach(() => {
  cli = new CommandLine();
});
afterEach(() => cli.close());

const CONFIG = JSON.stringify({
  rules: [],
  pollSeconds: 0.25,
  jobs: [{ name: "train", command: ["sleep", "600"] }],
});

testWith(systemdAnalyze)("systemd takes the unit, with odd names in it", async () => {
  mkdirSync(cli.file('50% $HOME of "it"'));
  const config = cli.write('50% $HOME of "it"/supervisor.config.json', CONFIG);
  const { code, out } = await cli.say("service", "install", "--print", "--config", config);
  expect(code).toBe(0);
  const unit = cli.write("gpu-job-supervisor.service", out);
  const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--user", "--man=no", unit], {
    env: { ...process.env, XDG_RUNTIME_DIR: cli.directory },
    encoding: "utf8",
  });
  expect(stderr.split("\n").filter((line) => line.includes(unit))).toEqual([]);
  expect(status).toBe(0);
  expect(out).toContain('50%% $$HOME of \\"it\\"');
});

test("without a manager of the user's services nothing is written, and a line for cron is told", async () => {
  cli.env.XDG_RUNTIME_DIR = cli.file("nowhere");
  delete cli.env.DBUS_SESSION_BUS_ADDRESS;
  const { code, err } = await cli.say("service", "install");
  expect(code).toBe(1);
  expect(err).toMatch(/^systemd can't run your services here \(.+\)\. To start it at boot with cron/);
  expect(err).toContain(`\n@reboot ${process.execPath} ${BIN} start --detach\n`);
  const { out } = await cli.say("service", "status", "--json");
  const status = JSON.parse(out);
  expect(status).toMatchObject({ schemaVersion: expect.any(Number), installed: false, active: null });
  expect(existsSync(status.path)).toBe(false);
  expect((await cli.say("service", "remove")).err).toBe("No service is installed for your own jobs.\n");
});

test("a restart with a broken config leaves the supervisor alone; with a whole one no job notices", async () => {
  cli.write("supervisor.config.json", CONFIG);
  expect((await cli.say("restart")).code).toBe(3);
  expect((await cli.say("start", "--detach")).code).toBe(0);
  const status = async () => JSON.parse((await cli.say("status", "--json")).out);
  const running = (): Promise<{ pid: number; supervisor: number }> =>
    until("the job runs", async () => {
      const { jobs, supervisor } = await status();
      expect(jobs[0]).toMatchObject({ state: "running", pid: expect.any(Number) });
      return { pid: jobs[0].pid, supervisor: supervisor.pid };
    });
  const before = await running();
  writeFileSync(cli.file("supervisor.config.json"), '{ "jbos": [] }');
  const refused = await cli.say("restart");
  expect(refused.code).toBe(2);
  expect(refused.err).toContain("jbos");
  expect((await running()).supervisor).toBe(before.supervisor);
  writeFileSync(cli.file("supervisor.config.json"), CONFIG);
  expect((await cli.say("restart")).code).toBe(0);
  const after = await running();
  expect(after.pid).toBe(before.pid);
  expect(after.supervisor).not.toBe(before.supervisor);
});

testWith(userManager)(
  "systemd starts it, starts it again after a crash, and hands its jobs over",
  async () => {
    const config = cli.write("supervisor.config.json", CONFIG);
    const manager = await new UserManager(cli.env).ready();
    const supervisor = (...words: string[]) => manager.say(process.execPath, BIN, ...words);
    const look = () => JSON.parse(supervisor("status", "--json").out || "{}");
    const serves = (not?: number): Promise<{ pid: number; supervisor: number }> =>
      until("the job runs under another supervisor", () => {
        const { jobs, supervisor: own } = look();
        expect(jobs?.[0]).toMatchObject({ state: "running", pid: expect.any(Number) });
        expect(own.pid).not.toBe(not);
        return { pid: jobs[0].pid, supervisor: own.pid };
      });
    try {
      // One that was started by hand hands over.
      expect(supervisor("start", "--detach").code).toBe(0);
      const byHand = await serves();
      const installed = supervisor("service", "install");
      expect(installed).toMatchObject({ code: 0, out: expect.stringContaining("Installed and started") });
      expect(installed.err).toContain("loginctl enable-linger");
      const first = await serves(byHand.supervisor);
      expect(first.pid).toBe(byHand.pid);
      const { unit, ...status } = JSON.parse(supervisor("service", "status", "--json").out);
      expect(status).toMatchObject({ installed: true, active: "active", enabled: "enabled" });
      expect(supervisor("doctor").out).toContain(`Service: ${unit} is enabled, and starts at login`);

      process.kill(first.supervisor, "SIGKILL");
      const second = await serves(first.supervisor);
      expect(second.pid).toBe(first.pid);

      expect(supervisor("restart")).toMatchObject({ code: 0, out: expect.stringContaining(unit) });
      const third = await serves(second.supervisor);
      expect(third.pid).toBe(first.pid);

      expect(manager.say("systemctl", "--user", "stop", unit).code).toBe(0);
      expect(alive(third.supervisor)).toBe(false);
      const { out } = supervisor("audit", "--kind", "supervisor.stopped", "--json");
      expect(out.trim().split("\n")).toHaveLength(3);
      expect(supervisor("service", "remove", "--config", config).code).toBe(0);
      expect(existsSync(status.path)).toBe(false);
      expect(readFileSync(config, "utf8")).toBe(CONFIG);
    } finally {
      supervisor("start", "--detach");
      supervisor("cancel", "train");
      supervisor("stop");
      await manager.close();
    }
  },
);
