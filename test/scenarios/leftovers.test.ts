/** Real processes that outlive a run's first one. */
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { alive, CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

let supervisor: RealSupervisor;
afterEach(() => supervisor.close());

const one = (script: string, more: object = {}): Record<string, unknown> => ({
  jobs: [{ name: "train", command: ["bash", "-c", script], ...more }],
});
const why = (): string => supervisor.say("why", "train").out.replaceAll(/\s+/g, " ");
const named = () => supervisor.shows("what is left", ({ jobs }) => jobs[0]?.why.left);

test("a tracker's daemon that outlives a pause is ended, and the pause is complete", async () => {
  const trainer = join(CHILDREN, "act-library-job.ts");
  supervisor = await new RealSupervisor(
    one(`setsid sleep 1234 & exec ${process.execPath} ${trainer}`),
  ).start();
  await supervisor.shows("its report", ({ jobs }) => jobs[0]?.why.room === "library");
  supervisor.say("pause", "train", "--no-wait");
  const { left, summary } = await supervisor.shows(
    "what is left",
    ({ jobs: [job] }) => job?.why.left && { left: job.why.left, summary: job.why.summary },
  );
  expect(left.command).toBe("sleep 1234");
  expect(summary).toContain(`for 'sleep 1234' (pid ${left.pid})`);
  await supervisor.reaches("train", ["paused"]);
  expect(alive(left.pid)).toBe(false);
});

test("a command that detaches runs on, is named, and can be ended", async () => {
  supervisor = await new RealSupervisor(
    // Not before it is that program: between fork and exec it has its parent's name.
    one("setsid sleep 2345 & until grep -aq '^sleep' /proc/$!/cmdline; do sleep 0.02; done"),
  ).start();
  const left = await named();
  expect(supervisor.job("train").state).toBe("running");
  expect(why()).toMatch(/has been waiting since .* for 'sleep 2345' \(pid \d+\).*supervisor cancel train/);
  expect(supervisor.say("cancel", "train").code).toBe(0);
  await until("its end", () => !alive(left.pid));
  await supervisor.reaches("train", ["cancelled"]);
});

test("`leave` lets a run end while its helper lives on", async () => {
  supervisor = await new RealSupervisor(one("setsid sleep 3456 & exit 0", { leftovers: "leave" })).start();
  await supervisor.reaches("train", ["finished"]);
});
