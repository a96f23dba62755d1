/** A dead supervisor: jobs go on, the next one finds them again, and none runs twice. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { alive, CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

let supervisor: RealSupervisor;
afterEach(() => supervisor.close());

const counting = (...args: string[]) => ({
  jobs: [{ name: "count", command: ["node", join(CHILDREN, "count-steps.ts"), ...args] }],
});
const log = (): string => readFileSync(join(supervisor.directory, "state/logs/count.log"), "utf8");

test("killed with SIGKILL and started again: the same process goes on and can still be paused", async () => {
  supervisor = await new RealSupervisor(counting()).start();
  const before = await until("some steps", () => {
    const job = supervisor.job("count");
    return (job.progress?.step ?? 0) > 3 && job;
  });
  await supervisor.crash();
  expect(alive(before.pid as number)).toBe(true);

  await supervisor.start();
  const after = await supervisor.reaches("count", ["running"]);
  expect(after).toMatchObject({ pid: before.pid, run: before.run, runId: before.runId });
  expect(supervisor.audit("supervisor.recovered")).toHaveLength(1);
  expect(supervisor.say("pause", "count").code).toBe(0);
  expect(alive(before.pid as number)).toBe(false);
  expect(log().match(/begins at/g)).toHaveLength(1);
  expect(supervisor.say("audit", "verify").code).toBe(0);
});

test("a job that ends while no supervisor is there is known to have finished", async () => {
  supervisor = await new RealSupervisor(counting("--total", "150", "--ms", "10")).start();
  const { pid } = await supervisor.reaches("count", ["running"]);
  await supervisor.crash();
  await until("the job to end", () => !alive(pid as number));
  await supervisor.start();
  await supervisor.reaches("count", ["finished"]);
  expect(log().match(/begins at/g)).toHaveLength(1);
});

test("killed in the middle of a pause: the pause completes once", async () => {
  supervisor = await new RealSupervisor(counting("--ms", "400")).start();
  await until("some steps", () => (supervisor.job("count").progress?.step ?? 0) > 1);
  supervisor.say("pause", "count", "--no-wait");
  await supervisor.crash();
  await supervisor.start();
  await supervisor.reaches("count", ["paused"]);
  expect(supervisor.audit("pause.requested")).toHaveLength(1);
  expect(supervisor.audit("pause.completed")).toHaveLength(1);
});

test("a second supervisor of one database says who holds it", async () => {
  supervisor = await new RealSupervisor(counting()).start();
  const second = supervisor.say("start", "--headless");
  expect(second.code).toBe(1);
  expect(second.err).toContain(String(supervisor.process?.pid));
});
