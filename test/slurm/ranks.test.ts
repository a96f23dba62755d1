/**
 * A job of two nodes: one rank on each, which a rule about others in the queue pauses on the same step.
 *
 * Covers: src/sense/slurm/cluster-load.ts
 */
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { describeWith, root, slurm, torch } from "../needs.ts";
import { pythonPath } from "../python-path.ts";
import { CHILDREN, type RealSupervisor } from "../scenarios/real-supervisor.ts";
import { until } from "../until.ts";
import { Cluster } from "./cluster.ts";
import { endAll, logOf, slurmIdOf, supervise } from "./on-cluster.ts";

const needs = [slurm, torch, root].find(({ met }) => !met) ?? slurm;
const cluster = new Cluster();
let supervisor: RealSupervisor | null = null;

const TOTAL = 60;
const training = (name: string, secondsEach: number): Record<string, unknown> => ({
  name,
  command: [pythonPath, join(CHILDREN, "python-gloo.py"), `${TOTAL}`, `${secondsEach}`],
  executor: { kind: "slurm", nodes: 2 },
});

const weightsOf = (of: RealSupervisor, job: string): string | undefined =>
  /^weights (\w+)$/m.exec(logOf(of, job))?.[1];

describeWith(needs)("a job of two nodes", () => {
  beforeAll(async () => {
    await cluster.start();
  });
  afterEach(() => endAll(cluster, supervisor));
  afterAll(() => cluster.stop());

  test("stops on one step when others queue up, and ends with the weights of one that never stopped", async () => {
    supervisor = await supervise(cluster, [training("paused", 0.2), training("whole", 0)], {
      rules: [
        {
          name: "others wait for nodes",
          metric: "slurm.pendingOthers",
          above: 0.5,
          clear: { below: 0.5, forSeconds: 1 },
          jobs: ["paused"],
        },
      ],
    });
    await supervisor.steps("paused", 5);
    const id = await slurmIdOf(supervisor, "paused");
    // Somebody else's job that finds no room: it asks for all that there is.
    const others = cluster
      .ask(
        "sbatch",
        "--parsable",
        "--uid=nobody",
        "--nodes=2",
        "--exclusive",
        "-o/dev/null",
        "--wrap=sleep 1",
      )
      .trim();
    const paused = await supervisor.recorded("pause.completed", "paused");
    expect(paused.actor).toBe("rule:others wait for nodes");
    const { ranks, stepsLost } = paused.outcome as { ranks: { step: number }[]; stepsLost: number };
    expect(stepsLost).toBe(0);
    expect(ranks).toHaveLength(2);
    expect(ranks[0]?.step).toBe(ranks[1]?.step);
    await until("the other's job", () =>
      cluster.queue.some((line) => line.startsWith(`${others} COMPLETED`)),
    );
    await supervisor.reaches("paused", ["finished"]);
    await supervisor.reaches("whole", ["finished"]);
    const begun = logOf(supervisor, "paused").match(/^rank \d on n\d begins at \d+$/gm);
    const step = ranks[0]?.step;
    expect(begun?.sort()).toEqual([
      "rank 0 on n1 begins at 0",
      `rank 0 on n1 begins at ${step}`,
      "rank 1 on n2 begins at 0",
      `rank 1 on n2 begins at ${step}`,
    ]);
    expect(weightsOf(supervisor, "paused")).toMatch(/^\w{64}$/);
    expect(weightsOf(supervisor, "paused")).toBe(weightsOf(supervisor, "whole"));
    expect(cluster.queue).toContainEqual(expect.stringMatching(`^${id} COMPLETED`));
  });
});
