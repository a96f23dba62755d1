/** What becomes of the children that listen to logind and delay sleep: real ones, on a real bus. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { SleepWatch } from "../../src/sleep/sleep-watch.ts";
import { at, runningJob } from "../decide/make.ts";
import { describeWith, systemBus } from "../needs.ts";
import { until } from "../until.ts";
import { SystemBus } from "./system-bus.ts";

const jobs = { train: runningJob({}, { understands: "contract" }) };

const { PATH } = process.env;

/** Puts a gdbus before the real one that fails with the words in the file whose path is returned, once it holds any. */
function failingGdbus(directory: string): string {
  const [bin, fails] = [join(directory, "bin"), join(directory, "fails")];
  mkdirSync(bin);
  const script = `#!/bin/sh\nuntil [ -s '${fails}' ]; do sleep 0.02; done\ncat '${fails}' >&2; exit 1\n`;
  writeFileSync(join(bin, "gdbus"), script, { mode: 0o755 });
  vi.stubEnv("PATH", `${bin}:${PATH}`);
  return fails;
}

/** Our children that run `program`, or are about to. */
const children = (program: string): number[] =>
  readdirSync("/proc").flatMap((pid) => {
    try {
      const parent = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      const runs = readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`${program}\0`);
      return Number(parent) === process.pid && runs ? [Number(pid)] : [];
    } catch {
      return [];
    }
  });
const listeners = (): number[] => children("gdbus");

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
    // The next test counts its own.
    await until("the listeners' end", () => listeners().length === 0);
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

  it("a first listener that fails is told, and followed by others ever more rarely, until one hears", async () => {
    const fails = failingGdbus(bus.directory);
    // Another one is started no earlier than 30 s after the first, then 60 s.
    for (const [tooSoon, then] of [
      [null, 0],
      [29, 30],
      [89, 90],
    ] as const) {
      if (tooSoon !== null) {
        // Nothing to save for a moment makes it no earlier.
        const { problems } = watch;
        watch.look({}, at(tooSoon));
        expect(watch.problems).toEqual([]);
        watch.look(jobs, at(tooSoon));
        expect(watch.problems).toEqual(problems);
      }
      expect(listeners()).toEqual([]);
      watch.look(jobs, at(then));
      // A program that is just being started shows no command line for a moment.
      await until("a listener", () => listeners().length === 1);
      const words = `Error connecting: no room at ${then}`;
      writeFileSync(fails, `${words}.\n`);
      await until("the listener's end", () => watch.problems[0]?.includes(words));
      rmSync(fails);
      expect(watch.problems).toEqual([`Jobs may not be saved before the system sleeps: ${words}.`]);
    }
    vi.stubEnv("PATH", PATH);
    await until("sleep to be held up", () => {
      watch.look(jobs, at(210));
      return bus.lines.some((line) => line.startsWith("held"));
    });
    expect(watch.problems).toEqual([]);
  });

  it("sleep is held up again at once after it was let go, and 30 s after that has failed", async () => {
    const held = () => bus.lines.filter((line) => line.startsWith("held")).length;
    await until("sleep to be held up", () => {
      watch.look(jobs, at(0));
      return held() === 1;
    });
    watch.look({}, at(1));
    await bus.told("released");
    watch.look(jobs, at(2));
    await until("sleep to be held up again", () => held() === 2);
    for (const pid of children("systemd-inhibit")) process.kill(pid, "SIGKILL");
    await until("its end", () => watch.problems.length > 0);
    const { problems } = watch;
    watch.look({}, at(3));
    expect(watch.problems).toEqual([]);
    watch.look(jobs, at(31));
    expect(watch.problems).toEqual(problems);
    watch.look(jobs, at(32));
    await until("sleep to be held up once more", () => held() === 3);
    expect(watch.problems).toEqual([]);
  });

  it("is silent where what it takes to listen isn't installed", () => {
    vi.stubEnv("PATH", "/nowhere");
    watch.look(jobs, at(0));
    vi.unstubAllEnvs();
    vi.stubEnv("DBUS_SYSTEM_BUS_ADDRESS", bus.env.DBUS_SYSTEM_BUS_ADDRESS);
    watch.look(jobs, at(60));
    expect([listeners(), watch.problems]).toEqual([[], []]);
  });
});
