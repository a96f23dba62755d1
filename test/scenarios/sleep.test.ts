/**
 * Before the system sleeps, jobs save: a real bus, real children at it, and a stand-in for logind that sleeps once
 * nobody delays it any more.
 * Covers: src/ports/sleep.ts, src/sleep/sleep-watch.ts
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect } from "vitest";
import { systemBus, testWith } from "../needs.ts";
import { SystemBus } from "../sleep/system-bus.ts";
import { CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

let supervisor: RealSupervisor;
let bus: SystemBus;
afterEach(async () => {
  await supervisor.close();
  await bus.close();
});

const test = testWith(systemBus);
const counting = (ms: number) => ({
  name: "count",
  command: ["node", join(CHILDREN, "count-steps.ts"), "--ms", String(ms)],
});
const knowsNothing = { name: "sleeper", command: ["sleep", "1000"] };

/** Commands of the children of the supervisor that deal with logind. */
function atTheBus(): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      if (parent !== supervisor.process?.pid) return [];
      const [program = ""] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      return ["gdbus", "systemd-inhibit"].includes(program) ? [program] : [];
    } catch {
      return [];
    }
  });
}

test("sleep waits until the job has saved; awake again, it goes on where it was", async () => {
  bus = await new SystemBus().logind(120);
  supervisor = await new RealSupervisor({ jobs: [counting(50), knowsNothing] }, bus.env).start();
  await supervisor.steps("count", 3);
  expect(await bus.told("held")).toBe("held sleep supervisor Jobs save before the system sleeps delay");

  bus.say("sleep");
  expect(await bus.told("asleep")).toMatch(/ with 0 locks$/);
  const { jobs } = await supervisor.look();
  expect(jobs.map(({ name, state }) => [name, state])).toEqual([
    ["count", "paused"],
    ["sleeper", "running"],
  ]);
  const saved = jobs[0]?.checkpoint?.step ?? 0;
  expect(saved).toBeGreaterThan(3);
  expect(supervisor.audit("pause.completed")).toHaveLength(1);
  expect(supervisor.audit("pause.requested")[0]).toMatchObject({
    actor: "supervisor",
    reason: expect.stringContaining("The system is about to sleep."),
  });
  const why = supervisor.say("why", "count").out;
  expect(why).toContain("The system is about to sleep.");
  await supervisor.ticks(3);
  expect(supervisor.job("count").state).toBe("paused");

  const before = bus.lines.length;
  bus.say("wake");
  await supervisor.steps("count", saved);
  expect(supervisor.say("logs", "count").out).toContain(`begins at ${saved}`);
  await bus.told("held", before);
});

test("a save that takes longer than logind waits ends once the system is awake", async () => {
  bus = await new SystemBus().logind(0.5);
  supervisor = await new RealSupervisor({ jobs: [counting(50)] }, bus.env).start();
  const { pid } = await supervisor.steps("count", 0);
  await bus.told("held");
  // It can't save before it is let go on.
  process.kill(pid as number, "SIGSTOP");
  bus.say("sleep");
  expect(await bus.told("asleep")).toMatch(/ with 1 locks$/);
  // It has heard of the sleep before it hears that this is over.
  await supervisor.recorded("pause.requested", "count");
  process.kill(pid as number, "SIGCONT");
  bus.say("wake");
  await supervisor.recorded("pause.completed", "count");
  await supervisor.recorded("resume.completed", "count");
});

test("logind gone while sleep was to come: jobs go on, and are saved before the next one", async () => {
  bus = await new SystemBus().logind(120);
  supervisor = await new RealSupervisor({ jobs: [counting(50)] }, bus.env).start();
  await supervisor.steps("count", 0);
  await bus.told("held");
  bus.say("sleep");
  await supervisor.reaches("count", ["paused"]);
  await bus.endLogind();
  await supervisor.reaches("count", ["running"]);
  bus.lines = [];
  await bus.logind(120);
  await bus.told("held");
  bus.say("sleep");
  await bus.told("asleep");
  expect(supervisor.job("count").state).toBe("paused");
});

test("a supervisor that is killed delays no sleep", async () => {
  bus = await new SystemBus().logind(120);
  supervisor = await new RealSupervisor({ jobs: [counting(50)] }, bus.env).start();
  await bus.told("held");
  expect(atTheBus().sort()).toEqual(["gdbus", "systemd-inhibit"]);
  await supervisor.crash();
  await bus.told("released");
});

test("where logind refuses to wait, status says so", async () => {
  bus = await new SystemBus().logind(20, "refuse");
  supervisor = await new RealSupervisor({ jobs: [counting(50)] }, bus.env).start();
  const [warning] = await supervisor.shows(
    "a warning",
    ({ supervisor: { warnings } }) => warnings.length > 0 && warnings,
  );
  expect(warning).toMatch(
    /^Jobs may not be saved before the system sleeps: Failed to inhibit: Access denied\.$/,
  );
});

test("nothing is asked of logind where the config says no, no job can save, or there is no logind", async () => {
  bus = await new SystemBus().logind(120);
  const jobs = [counting(50)];
  supervisor = await new RealSupervisor({ jobs: [knowsNothing] }, bus.env).start();
  await supervisor.reaches("sleeper", ["running"]);
  await supervisor.ticks(3);
  expect(atTheBus()).toEqual([]);
  supervisor.configure({ jobs: [knowsNothing, ...jobs], saveBeforeSleep: false });
  await supervisor.steps("count", 3);
  expect(atTheBus()).toEqual([]);
  expect(bus.lines).toEqual(["there"]);
  supervisor.configure({ jobs: [knowsNothing, ...jobs] });
  await bus.told("held");
  await supervisor.close();

  await bus.endLogind();
  supervisor = await new RealSupervisor({ jobs }, bus.env).start();
  await supervisor.steps("count", 3);
  // One that isn't there yet looks like one that is gone: for three ticks.
  await until("the listener to be gone for good", async () => {
    if (atTheBus().length > 0) return false;
    await supervisor.ticks(3);
    return atTheBus().length === 0;
  });
  expect((await supervisor.look()).supervisor.warnings).toEqual([]);
});
