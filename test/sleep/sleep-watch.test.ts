/** What becomes of the children that listen to logind and delay sleep: real ones, on a real bus. */
import { readdirSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SleepWatch } from "../../src/sleep/sleep-watch.ts";
import { at, runningJob } from "../decide/make.ts";
import { describeWith, systemBus } from "../needs.ts";
import { until } from "../until.ts";
import { SystemBus } from "./system-bus.ts";

const jobs = { train: runningJob({}, { understands: "contract" }) };

/** Our children that listen. */
const listeners = (): number[] =>
  readdirSync("/proc").flatMap((pid) => {
    try {
      const parent = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      const listens = readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("gdbus\0");
      return Number(parent) === process.pid && listens ? [Number(pid)] : [];
    } catch {
      return [];
    }
  });

describeWith(systemBus)("on a real bus", () => {
  let bus: SystemBus;
  let watch: SleepWatch;
  beforeEach(async () => {
    bus = await new SystemBus().logind(20);
    vi.stubEnv("DBUS_SYSTEM_BUS_ADDRESS", bus.env.DBUS_SYSTEM_BUS_ADDRESS);
    watch = new SleepWatch(
      () => true,
      () => {},
    );
  });
  afterEach(async () => {
    watch.close();
    vi.unstubAllEnvs();
    await bus.close();
  });

  it("whoever holds sleep up hears of it, though the first listener was killed", async () => {
    await until("sleep to be held up", () => {
      watch.look(jobs, at(0));
      return bus.lines.some((line) => line.startsWith("held"));
    });
    for (const pid of listeners()) process.kill(pid, "SIGKILL");
    await until("the listener's end", () => listeners().length === 0);
    await until("another listener", () => {
      watch.look(jobs, at(60));
      return listeners().length === 1;
    });
    // It may not hear yet what is told at once.
    await until("word of sleep", () => {
      if (!watch.comes) bus.say("sleep");
      return watch.comes;
    });
    expect(bus.lines.filter((line) => line.startsWith("held"))).toHaveLength(1);
  });
});
