import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { askLogind, canListen, hasSystemBus, heard } from "../../src/sleep/logind.ts";
import { deadMount } from "../dead-mount.ts";
import { describeWith, fuse, systemBus, testWith } from "../needs.ts";
import { until } from "../until.ts";
import { SystemBus } from "./system-bus.ts";

it("hears of sleep and of logind itself, in gdbus's words", () => {
  const signal = "/org/freedesktop/login1: org.freedesktop.login1.Manager";
  expect(heard(`${signal}.PrepareForSleep (true,)`)).toBe("sleep");
  expect(heard(`${signal}.PrepareForSleep (false,)`)).toBe("awake");
  expect(heard("The name org.freedesktop.login1 is owned by :1.3")).toBe("there");
  expect(heard("The name org.freedesktop.login1 does not have an owner")).toBe("gone");
  expect(heard(`${signal}.PrepareForShutdown (true,)`)).toBeNull();
  expect(heard("Monitoring signals from all objects owned by org.freedesktop.login1")).toBeNull();
});

it("tells without a process that there is no bus", () => {
  expect(hasSystemBus("unix:path=/nowhere/bus")).toBe(false);
  expect(hasSystemBus(`unix:path=${import.meta.filename},guid=1`)).toBe(true);
  expect(hasSystemBus("tcp:host=localhost,port=1")).toBe(true);
});

describeWith(systemBus)("asked on a real bus", () => {
  let bus: SystemBus;
  beforeEach(() => {
    bus = new SystemBus();
    vi.stubEnv("DBUS_SYSTEM_BUS_ADDRESS", bus.env.DBUS_SYSTEM_BUS_ADDRESS);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await bus.close();
  });

  it("tells how long logind waits", async () => {
    await bus.logind(5);
    // busctl gets five seconds, its start included.
    const said = await until("an answer", async () => {
      const said = await askLogind();
      return "delayMs" in said && said;
    });
    expect(said).toEqual({ delayMs: 5000 });
  });

  it("says that there is none", async () => {
    await bus.ready();
    expect(await askLogind()).toEqual({
      unavailable: expect.stringMatching(/^systemd-logind doesn't answer: .+/),
    });
    vi.stubEnv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus");
    expect(await askLogind()).toEqual({ unavailable: "there is no system bus" });
  });

  testWith(fuse)("may be listened to where what it takes can't be looked at", async () => {
    await bus.ready();
    const broken = join(bus.directory, "broken");
    mkdirSync(broken);
    vi.stubEnv("PATH", broken);
    expect(canListen()).toBe(false);
    const heal = deadMount(broken);
    expect(canListen()).toBe(true);
    heal();
  });

  it("names the program that is missing", async () => {
    await bus.logind(5);
    vi.stubEnv("PATH", "/nowhere");
    expect(await askLogind()).toEqual({ unavailable: "gdbus isn't installed" });
  });
});
