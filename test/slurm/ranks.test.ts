/**
 * A job of two nodes: one rank on each, paused on the same step by whatever pauses it.
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
import { endAll, logOf, onSlurm, slurmIdOf, supervise } from "./on-cluster.ts";

const needs = [slurm, torch, root].find(({ met }) => !met) ?? slurm;
const cluster = new Cluster();
let supervisor: RealSupervisor | null = null;

/** More than three pauses take on a machine that has others to serve. */
const TOTAL = 200;
const training = (name: string, secondsEach: number): Record<string, unknown> => ({
  name,
  command: [pythonPath, join(CHILDREN, "python-gloo.py"), `${TOTAL}`, `${secondsEach}`],
  executor: { kind: "slurm", nodes: 2 },
});

const weightsOf = (of: RealSupervisor, job: string): string | undefined =>
  /^weights (\w+)$/m.exec(logOf(of, job))?.[1];

const rules = [
  {
    name: "others wait for nodes",
    metric: "slurm.pendingOthers",
    above: 0.5,
    clear: { below: 0.5, forSeconds: 1 },
    jobs: ["paused"],
  },
];

/** Somebody else's job that finds no room: it asks for all that there is. Its id. */
const queueForAllNodes = (): string =>
  cluster
    .ask(
      "sbatch",
      "--parsable",
      "--uid=nobody",
      "--nodes=2",
      "--exclusive",
      "-o/dev/null",
      "--wrap=sleep 300",
    )
    .trim();

/** The step on which both ranks have paused for `actor`. */
async function pausedOnOneStep(of: RealSupervisor, actor: string): Promise<number> {
  const paused = await until(`a pause by ${actor}`, () =>
    of.audit("pause.completed").find((one) => one.job === "paused" && one.actor === actor),
  );
  const { ranks, stepsLost } = paused.outcome as { ranks: { step: number }[]; stepsLost: number };
  expect(stepsLost).toBe(0);
  const [one, other] = ranks.map(({ step }) => step);
  expect([ranks.length, one]).toEqual([2, other]);
  return one ?? 0;
}

describeWith(needs)("a job of two nodes", () => {
  beforeAll(async () => {
    await cluster.start();
  });
  afterEach(() => endAll(cluster, supervisor));
  afterAll(() => cluster.stop());

  test("stops on one step for a rule, for a person and for a window, and ends with the weights of one that never stopped", async () => {
    const jobs = onSlurm([training("paused", 0.2), training("whole", 0)]);
    supervisor = await supervise(cluster, jobs, { rules });
    await supervisor.steps("paused", 5);
    const id = await slurmIdOf(supervisor, "paused");
    const others = queueForAllNodes();
    const steps = [await pausedOnOneStep(supervisor, "rule:others wait for nodes")];
    await supervisor.shows("all CPUs held by others", ({ machine }) => {
      const held = machine["slurm.othersPercent"];
      return "value" in held && held.value === 100;
    });
    cluster.ask("scancel", others);
    await supervisor.steps("paused", 5 + (steps[0] ?? 0));

    expect(supervisor.say("pause", "paused").code).toBe(0);
    steps.push(await pausedOnOneStep(supervisor, "user"));
    expect(supervisor.say("resume", "paused").code).toBe(0);
    await supervisor.steps("paused", 5 + (steps[1] ?? 0));

    const [earlier = "", later = ""] = [2, 1].map(
      (ago) => `0 ${new Date(Date.now() - ago * 3_600_000).getHours()} * * *`,
    );
    const nights = (opens: string, closes: string) => [{ name: "nights", opens, closes, jobs: ["paused"] }];
    supervisor.configure({ jobs, rules, windows: nights(earlier, later) });
    steps.push(await pausedOnOneStep(supervisor, "window:nights"));
    supervisor.configure({ jobs, rules, windows: nights(later, earlier) });

    await supervisor.reaches("paused", ["finished"]);
    await supervisor.reaches("whole", ["finished"]);
    const begun = logOf(supervisor, "paused").match(/^rank \d on n\d begins at \d+$/gm);
    const ranks = [0, 1].map((rank) => `rank ${rank} on n${rank + 1}`);
    expect(begun?.sort()).toEqual(
      ranks.flatMap((rank) => [0, ...steps].map((step) => `${rank} begins at ${step}`)).sort(),
    );
    expect(weightsOf(supervisor, "paused")).toMatch(/^\w{64}$/);
    expect(weightsOf(supervisor, "paused")).toBe(weightsOf(supervisor, "whole"));
    expect(cluster.queue).toContainEqual(expect.stringMatching(`^${id} COMPLETED`));
  });
});
