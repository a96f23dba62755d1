/** A job that doesn't pause in its grace: nothing is forced unless configured, and what was lost is said. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { AuditEvent } from "../../src/model/event.ts";
import { alive, CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

let supervisor: RealSupervisor;
afterEach(() => supervisor.close());

const deaf = (onTimeout: "wait" | "freeze" | "terminate" | "kill") => ({
  name: onTimeout,
  command: ["node", join(CHILDREN, "job-deaf.ts")],
  pause: { method: "checkpoint", graceSeconds: 1, onTimeout },
});
const steps = (name: string): number => supervisor.job(name).progress?.step ?? 0;
const told = (name: string): AuditEvent[] =>
  supervisor.audit().filter(({ job, kind }) => job === name && kind.startsWith("pause."));
const letter = (pid: number): string => {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2)[0] as string;
};

async function running(name: string): Promise<number> {
  const job = await until(`steps of '${name}'`, () => {
    const seen = supervisor.job(name);
    return (seen.progress?.step ?? 0) > 3 && seen.pid !== null && seen;
  });
  return job.pid as number;
}

test("wait: said once, nothing forced, it goes on working", async () => {
  supervisor = await new RealSupervisor({ jobs: [deaf("wait")] }).start();
  const pid = await running("wait");
  expect(supervisor.say("pause", "wait").code).toBe(1);
  const overdue = await supervisor.recorded("pause.overdue", "wait");
  expect(overdue.reason).toMatch(/^Asked to pause, still running \d+(\.\d)? s later; nothing was forced\.$/);
  const from = steps("wait");
  await until("more steps", () => steps("wait") > from + 50);
  expect(supervisor.job("wait")).toMatchObject({ state: "pausing", pid, overdue: "waiting" });
  expect(told("wait").map(({ kind }) => kind)).toEqual(["pause.requested", "pause.overdue"]);
});

test("freeze: stopped where it stands, nothing lost; a resume lets it go on to its checkpoint", async () => {
  supervisor = await new RealSupervisor({ jobs: [deaf("freeze")] }).start();
  const pid = await running("freeze");
  supervisor.say("pause", "freeze", "--no-wait");
  const forced = await supervisor.recorded("pause.forced", "freeze");
  expect(forced).toMatchObject({
    reason: "Its grace ran out: it is frozen. Its memory stays held.",
    outcome: { method: "freeze", stepsLost: 0 },
  });
  await until("it to be stopped", () => letter(pid) === "T");
  const at = await until("its last report", () => supervisor.job("freeze").progress?.step);
  supervisor.say("resume", "freeze", "--no-wait");
  await until("new steps", () => steps("freeze") > at);
  // A request that was sent can't be withdrawn.
  expect(supervisor.job("freeze")).toMatchObject({ state: "pausing", pid, overdue: "waiting" });
  expect(told("freeze").map(({ kind }) => kind)).toEqual([
    "pause.requested",
    "pause.overdue",
    "pause.forced",
  ]);
});

test.each([
  ["terminate", "terminated", true],
  ["kill", "killed", false],
] as const)(
  "%s: ended, though somebody has stopped it; the steps lost are in the event",
  async (how, word, hears) => {
    supervisor = await new RealSupervisor({ jobs: [deaf(how)] }).start();
    const pid = await running(how);
    // Only a process that goes on again can act on SIGTERM.
    process.kill(pid, "SIGSTOP");
    supervisor.say("pause", how, "--no-wait");
    const forced = await supervisor.recorded("pause.forced", how);
    const { method, stepsLost } = forced.outcome as { method: string; stepsLost: number };
    expect(method).toBe(how);
    expect(stepsLost).toBeGreaterThan(3);
    expect(forced.reason).toBe(
      `Its grace ran out: it is ${word}. Up to ${stepsLost} steps since its last checkpoint are lost.`,
    );
    const paused = await supervisor.reaches(how, ["paused"]);
    expect(alive(pid)).toBe(false);
    const log = readFileSync(join(supervisor.directory, "state/logs", `${how}.log`), "utf8").trim();
    // Its launcher's shell may add a word of its own.
    expect(log.includes("ends on SIGTERM")).toBe(hears);
    expect(paused.checkpoint).toBeNull();
    const events = told(how);
    expect(events.map(({ kind }) => kind)).toEqual([
      "pause.requested",
      "pause.overdue",
      "pause.forced",
      "pause.failed",
    ]);
    const outcome = events[3]?.outcome as { forced: string; stepsLost: number };
    expect(outcome.forced).toBe(word);
    // It may have made another step on its way to the end.
    expect(outcome.stepsLost).toBeGreaterThanOrEqual(stepsLost);
    expect(outcome.stepsLost).toBeLessThan(stepsLost + 10);
    expect(events[3]?.reason).toContain("it will go on from the beginning");
  },
);
