/**
 * A pause asked before a program has come to its job library.
 * Covers: src/decide/lifecycle/pause/young-run.ts
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { CHILDREN, RealSupervisor } from "./real-supervisor.ts";

let supervisor: RealSupervisor;
afterEach(() => supervisor.close());

test("waits for its report, and is a pause by checkpoint", async () => {
  const job = { name: "late", command: ["node", join(CHILDREN, "job-late.ts")] };
  supervisor = await new RealSupervisor({ jobs: [job] }).start();
  const late = await supervisor.reaches("late", ["running"]);
  expect(late.progress).toBeNull();
  supervisor.say("pause", "late", "--no-wait");
  await supervisor.shows("what it waits for", ({ jobs }) =>
    jobs[0]?.why.summary.includes("has only just started"),
  );
  writeFileSync(join(supervisor.directory, "come"), "");
  const paused = await supervisor.reaches("late", ["paused", "frozen"]);
  expect(paused).toMatchObject({ state: "paused", checkpoint: { step: expect.any(Number) } });
  expect(supervisor.audit("pause.completed")).toMatchObject([
    { outcome: { method: "checkpoint", stepsLost: 0 } },
  ]);
});

test("a program that never reports is frozen then, and goes on undisturbed", async () => {
  const script = "let n = 0; setInterval(() => console.log(++n), 100)";
  const job = { name: "plain", command: ["node", "-e", script], pause: { graceSeconds: 6 } };
  supervisor = await new RealSupervisor({ jobs: [job] }).start();
  await supervisor.reaches("plain", ["running"]);
  expect(supervisor.say("pause", "plain").out).toContain("plain  frozen");
  expect(supervisor.say("resume", "plain").code).toBe(0);
  await supervisor.shows("it to stay", ({ jobs }) => jobs[0]?.state === "running");
  expect(supervisor.audit().map(({ kind }) => kind)).not.toContain("pause.forced");
});
