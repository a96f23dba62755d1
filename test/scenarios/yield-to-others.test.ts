/** The main job, end to end: others need the CPU → checkpoint and exit; they stop → the next step. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { AuditEvent } from "../../src/model/event.ts";
import { quietMachine, testWith } from "../needs.ts";
import { CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

const CPU_RULE = {
  name: "somebody else computes on the CPU",
  metric: "cpu.others",
  above: 60,
  forSeconds: 1,
  clear: { below: 40, forSeconds: 1 },
};

let supervisor: RealSupervisor;
afterEach(() => supervisor.close());

function weightsAfter(steps: number): string {
  let weights = "none";
  for (let step = 1; step <= steps; step++)
    weights = createHash("sha256").update(`${weights} ${step}`).digest("hex");
  return weights;
}

testWith(quietMachine())(
  "busy loops from outside pause the job; their end brings it back at the very next step",
  async () => {
    const total = 3000;
    supervisor = await new RealSupervisor({
      rules: [CPU_RULE],
      balance: { settleSeconds: 0 },
      jobs: [
        {
          name: "count",
          command: ["node", join(CHILDREN, "count-steps.ts"), "--total", String(total), "--ms", "10"],
        },
      ],
    }).start();
    await supervisor.shows(
      "it at work, with nobody pressing",
      ({ jobs: [job], rules }) =>
        job?.state === "running" &&
        (job.progress?.step ?? 0) > 20 &&
        rules.every(({ firm, lastValue }) => firm === "clear" && (lastValue ?? 100) < CPU_RULE.above),
    );

    const outsiders = supervisor.burn(3);
    // A noise from elsewhere may have paused it before.
    const isForThem = ({ evidence }: AuditEvent): boolean =>
      evidence?.processes?.some(({ pid }) => outsiders.some((one) => one.pid === pid)) ?? false;
    await until("a pause for them", () => supervisor.audit("pause.requested").some(isForThem));
    const paused = await supervisor.reaches("count", ["paused"]);
    const savedStep = paused.checkpoint?.step;
    expect(savedStep).toBeGreaterThan(20);
    const requested = supervisor.audit("pause.requested").findLast(isForThem);
    expect(requested?.actor).toBe(`rule:${CPU_RULE.name}`);
    const kinds = supervisor
      .audit()
      .filter((event) => event.job === "count")
      .map((event) => event.kind);
    // The full check of its hashes follows by itself.
    expect(kinds.slice(0, 4)).toEqual([
      "job.started",
      "pause.requested",
      "checkpoint.verified",
      "pause.completed",
    ]);
    expect(supervisor.audit("pause.completed").at(-1)?.outcome).toMatchObject({
      step: savedStep,
      stepsLost: 0,
    });

    for (const child of outsiders) await supervisor.end(child);
    await supervisor.reaches("count", ["running", "finished"]);
    await supervisor.reaches("count", ["finished"]);
    expect(supervisor.audit("resume.requested").at(-1)?.reason).toMatch(/\S/);
    expect(supervisor.audit("resume.completed")).toHaveLength(supervisor.audit("pause.completed").length);
    const log = readFileSync(join(supervisor.directory, "state/logs/count.log"), "utf8");
    expect(log).toContain(`begins at ${savedStep}`);
    expect(log).toContain(`weights ${weightsAfter(total)}`);
    expect(supervisor.say("audit", "verify").code).toBe(0);
  },
);

test("a manual pause holds until the resume, and both name who asked", async () => {
  supervisor = await new RealSupervisor({
    jobs: [{ name: "count", command: ["node", join(CHILDREN, "count-steps.ts")] }],
  }).start();
  await supervisor.steps("count", 3);
  const pause = supervisor.say("pause", "count");
  expect(pause).toMatchObject({ code: 0 });
  expect(pause.out).toMatch(/paused: step \d+/);
  expect(supervisor.job("count").state).toBe("paused");
  expect(supervisor.say("why", "count").out).toMatch(/paused by you/);
  expect(supervisor.say("resume", "count")).toMatchObject({ code: 0 });
  await supervisor.reaches("count", ["running"]);
  expect(supervisor.audit("pause.requested").map((event) => event.actor)).toEqual(["user"]);
});

test("stop pauses the jobs, and the next start resumes them", async () => {
  supervisor = await new RealSupervisor({
    jobs: [{ name: "count", command: ["node", join(CHILDREN, "count-steps.ts")] }],
  }).start();
  await supervisor.steps("count", 3);
  expect(supervisor.say("stop")).toMatchObject({ code: 0 });
  await until("the supervisor to end", () => supervisor.process?.exitCode === 0);
  expect(supervisor.audit("pause.completed").at(-1)?.job).toBe("count");
  expect(supervisor.audit("pause.requested").at(-1)?.actor).toBe("shutdown");
  expect(supervisor.say("status").code).toBe(3);

  await supervisor.start();
  await supervisor.reaches("count", ["running"]);
  const resumed = await supervisor.recorded("resume.requested", "count");
  expect(resumed.reason).toMatch(/\S/);
});
