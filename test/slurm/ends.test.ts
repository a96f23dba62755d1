/**
 * What Slurm does to runs by itself: it loses a node whose ranks work on, and its time limit comes near, with a supervisor
 * that is there and with one that isn't.
 *
 * Covers: src/runs/slurm/followed-slurm.ts, src/runs/slurm/scripts.ts, src/decide/pauses/pauses-without-rule.ts
 */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { describeWith, slurm } from "../needs.ts";
import type { RealSupervisor } from "../scenarios/real-supervisor.ts";
import { until, untilHolds } from "../until.ts";
import { Cluster } from "./cluster.ts";
import { begins, counting, endAll, slurmIdOf, supervise } from "./on-cluster.ts";

const cluster = new Cluster();
let supervisor: RealSupervisor | null = null;

const counter = (name: string, executor: object): Record<string, unknown> => ({
  ...counting(name, "--ms", "40"),
  executor: { kind: "slurm", ...executor },
});

/** How often a scene may begin anew whose jobs were asked too soon. */
const MOST_TRIES = 3;

/**
 * Two jobs whose supervisor has died before they were asked to pause: Slurm may warn them 15 s after their start, and
 * the supervisor itself asks after 30 s. The second doesn't listen, and the signal would end it.
 */
async function leftAlone(tries = 1): Promise<{ one: RealSupervisor; id: number; deaf: number }> {
  const one = await supervise(cluster, [
    counter("listens", { timeMinutes: 1 }),
    { name: "deaf", command: ["sleep", "600"], executor: { kind: "slurm", timeMinutes: 1 } },
  ]);
  supervisor = one;
  await one.steps("listens", 3);
  await one.reaches("deaf", ["running"]);
  const [id, deaf] = [await slurmIdOf(one, "listens"), await slurmIdOf(one, "deaf")];
  await one.crash();
  const asked = one.audit().filter(({ kind }) => kind.startsWith("pause."));
  if (asked.length === 0) return { one, id, deaf };
  expect(tries, JSON.stringify(asked)).toBeLessThan(MOST_TRIES);
  await endAll(cluster, one);
  return await leftAlone(tries + 1);
}

describeWith(slurm)("jobs on Slurm", () => {
  beforeAll(async () => {
    await cluster.start();
  });
  afterEach(async () => {
    await endAll(cluster, supervisor);
    supervisor = null;
  });
  afterAll(() => cluster.stop());

  test("are saved ahead of their time limit by Slurm's own warning while the supervisor is dead", async () => {
    const { one, id, deaf } = await leftAlone();
    await until("it to be held", () =>
      cluster.queue.some((line) => new RegExp(`^${id} .*[Hh]eld`).test(line)),
    );
    // Where the hold is seen late, its time may have run out.
    expect(cluster.queue).toContainEqual(
      expect.stringMatching(`^${deaf} (RUNNING None|(COMPLETING|TIMEOUT) TimeLimit)$`),
    );
    await one.start();
    const paused = await one.recorded("pause.completed", "listens");
    expect(paused).toMatchObject({ actor: "job", outcome: { stepsLost: 0 } });
    await one.recorded("resume.completed", "listens");
    expect(await slurmIdOf(one, "listens")).toBe(id);
    const step = paused.outcome?.step ?? expect.any(Number);
    // Its time may have run out once more.
    await untilHolds(() => expect(begins(one, "listens").slice(0, 2)).toEqual([0, step]));
  });

  test("go on from their last step on another node, and ahead of their time limit", async () => {
    const blocker = ["--exclusive", "--nodelist=n1", "-o/dev/null", "--wrap=sleep 600"];
    const first = cluster.ask("sbatch", "--parsable", ...blocker).trim();
    await until("a busy node", () => cluster.queue.includes(`${first} RUNNING None`));
    supervisor = await supervise(cluster, [
      counter("lost", {}),
      counter("limited", { options: ["--nodelist=n1"], timeMinutes: 1 }),
    ]);
    await supervisor.steps("lost", 3);
    cluster.ask("scancel", first);
    await supervisor.steps("limited", 3);
    const ids = [await slurmIdOf(supervisor, "lost"), await slurmIdOf(supervisor, "limited")];
    // Nothing ends its ranks there: they would train and save on beside the next run.
    cluster.kill("n2");
    const lost = await supervisor.recorded("job.lost", "lost");
    expect(lost.reason).toMatch(/^Slurm job \d+ was requeued by Slurm .*from its last checkpoint; 0 steps/);
    await supervisor.recorded("resume.completed", "lost");
    const from = await until("its second begin", () => begins(supervisor as RealSupervisor, "lost")[1]);
    const checkpoints = supervisor.audit("checkpoint.verified").filter(({ job }) => job === "lost");
    expect(checkpoints[0]?.reason).toContain(`step ${from} `);
    const { outcome } = await supervisor.recorded("pause.completed", "limited");
    expect(outcome).toMatchObject({ stepsLost: 0 });
    await supervisor.recorded("resume.completed", "limited");
    // Its time may have run out once more.
    const firstTwo = () => begins(supervisor as RealSupervisor, "limited").slice(0, 2);
    await untilHolds(() => expect(firstTwo()).toEqual([0, expect.any(Number)]));
    expect([await slurmIdOf(supervisor, "lost"), await slurmIdOf(supervisor, "limited")]).toEqual(ids);
    expect(supervisor.audit().map(({ kind }) => kind)).not.toContain("job.failed");
  });
});
