/**
 * Jobs on a real Slurm: submitted, finished, failed, paused into the queue and released under the same id.
 *
 * Covers: src/runs/slurm/commands.ts, src/runs/slurm/launch-slurm.ts, src/runs/slurm/queue.ts,
 * src/runs/slurm/scripts.ts, src/runs/slurm/slurm-runs.ts, src/runs/slurm/submission.ts,
 * src/runs/launch/prepare-run.ts, src/words/sentences/slurm.ts
 */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { describeWith, slurm } from "../needs.ts";
import type { RealSupervisor } from "../scenarios/real-supervisor.ts";
import { until, untilHolds } from "../until.ts";
import { Cluster } from "./cluster.ts";
import { begins, counting, endAll, logOf, onSlurm, slurmIdOf, supervise } from "./on-cluster.ts";

const cluster = new Cluster();
let supervisor: RealSupervisor | null = null;

describeWith(slurm)("jobs on Slurm", () => {
  beforeAll(async () => {
    await cluster.start();
  });
  afterEach(async () => {
    await endAll(cluster, supervisor);
    supervisor = null;
  });
  afterAll(() => cluster.stop());

  test("run to their end, and fail like jobs of this machine", async () => {
    supervisor = await supervise(cluster, [
      counting("short", "--total", "12"),
      {
        name: "broken",
        command: ["/bin/sh", "-c", 'echo it\\\'s $RANK of $WORLD_SIZE "$1" >&2; exit 3', "sh", "a 'b' $c"],
        executor: { kind: "slurm", nodes: 2 },
        restart: { onFailure: false },
      },
    ]);
    const finished = await supervisor.reaches("short", ["finished"]);
    const failed = await supervisor.reaches("broken", ["failed"]);
    expect(finished.progress).toMatchObject({ step: 12 });
    expect(failed.why.summary).toContain("exit code 3");
    expect(logOf(supervisor, "short")).toMatch(/run 1 begins ──\nbegins at 0\n[\s\S]*weights \w+/);
    expect(logOf(supervisor, "broken").split("\n")).toEqual(
      expect.arrayContaining(["it's 0 of 2 a 'b' $c", "it's 1 of 2 a 'b' $c"]),
    );
    expect(cluster.queue.join()).toMatch(/COMPLETED[\s\S]*FAILED|FAILED[\s\S]*COMPLETED/);
  });

  test("are paused into the queue and go on under the same id, none of their steps lost", async () => {
    supervisor = await supervise(cluster, [counting("count", "--ms", "15")]);
    await supervisor.steps("count", 20);
    const id = await slurmIdOf(supervisor, "count");
    await supervisor.shows("where it runs", ({ jobs: [job] }) =>
      new RegExp(`^running since .*; Slurm job ${id} on n[12]$`).test(job?.why.summary ?? ""),
    );
    expect(supervisor.say("pause", "count").code).toBe(0);
    expect((await supervisor.recorded("pause.completed")).outcome).toMatchObject({ stepsLost: 0 });
    const paused = await supervisor.reaches("count", ["paused"]);
    expect(cluster.queue).toContainEqual(expect.stringMatching(new RegExp(`^${id} .*(held|Held)`)));
    expect(paused.checkpoint?.step).toBe(paused.progress?.step);
    supervisor.say("resume", "count");
    await supervisor.steps("count", (paused.checkpoint?.step ?? 0) + 5);
    expect(await slurmIdOf(supervisor, "count")).toBe(id);
    const running = supervisor;
    await untilHolds(() =>
      expect(logOf(running, "count")).toContain(`begins at ${paused.checkpoint?.step}\n`),
    );
    expect(supervisor.say("cancel", "count").code).toBe(0);
    await supervisor.reaches("count", ["cancelled"]);
    await until("its end in Slurm", () => cluster.queue.some((line) => line.startsWith(`${id} CANCELLED`)));
  });

  test("are paused by a window that is closed, and go on under the same id once it is open", async () => {
    const jobs = onSlurm([counting("count", "--ms", "15")]);
    supervisor = await supervise(cluster, jobs);
    await supervisor.steps("count", 20);
    const id = await slurmIdOf(supervisor, "count");
    const hours = [2, 1].map((ago) => `0 ${new Date(Date.now() - ago * 3_600_000).getHours()} * * *`);
    const [first = "", second = ""] = hours;
    supervisor.configure({ jobs, windows: [{ name: "nights", opens: first, closes: second }] });
    const paused = await supervisor.recorded("pause.completed");
    expect(paused).toMatchObject({ actor: "window:nights", outcome: { stepsLost: 0 } });
    supervisor.configure({ jobs, windows: [{ name: "nights", opens: second, closes: first }] });
    await supervisor.recorded("resume.completed");
    expect(await slurmIdOf(supervisor, "count")).toBe(id);
    const both = () => begins(supervisor as RealSupervisor, "count");
    await untilHolds(() => expect(both()).toEqual([0, expect.any(Number)]));
  });

  test("are paused before Slurm has begun them, and withdrawn when they are cancelled", async () => {
    // The same node as a whole: the second has to wait for the first.
    const whole = { kind: "slurm", options: ["--exclusive", "--nodelist=n2"] };
    const first = { ...counting("first"), priority: 1, executor: whole };
    supervisor = await supervise(cluster, [first]);
    await supervisor.steps("first", 3);
    supervisor.configure({ jobs: onSlurm([first, { ...counting("second"), executor: whole }]) });
    const queued = await supervisor.shows("the reason that it waits", ({ jobs }) =>
      jobs.find(({ name, why }) => name === "second" && why.summary.includes("(Resources)")),
    );
    expect(queued.why.summary).toMatch(/waits in the queue: its nodes aren't free yet \(Resources\)\.?$/);
    expect(supervisor.say("pause", "second").code).toBe(0);
    const id = Number(queued.slurm?.id);
    expect(cluster.queue).toContainEqual(expect.stringMatching(`^${id} PENDING .*[Hh]eld`));
    const [told] = supervisor.audit("pause.completed");
    expect(told?.reason).toContain("hadn't begun");
    // The first one's nodes would now be free for it: it stays where it is.
    supervisor.say("pause", "first");
    await supervisor.reaches("first", ["paused"]);
    supervisor.say("resume", "second");
    await supervisor.steps("second", 3);
    expect(await slurmIdOf(supervisor, "second")).toBe(id);
    supervisor.say("pause", "second");
    await supervisor.reaches("second", ["paused"]);
    supervisor.say("cancel", "second");
    await until("it to leave the queue", () =>
      cluster.queue.some((line) => line.startsWith(`${id} CANCELLED`)),
    );
    expect(supervisor.job("first").state).toBe("paused");
  });
});
