/**
 * What a submission and a save on a cluster must survive: a supervisor that is killed while sbatch is at work, and a shared
 * disk that is full.
 *
 * Covers: src/runs/slurm/launch-slurm.ts, src/runs/slurm/slurm-runs.ts
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { describeWith, slurm, smallDisk, testWith } from "../needs.ts";
import { RealSupervisor } from "../scenarios/real-supervisor.ts";
import { SmallDisk } from "../torture/small-disk.ts";
import { until, untilHolds } from "../until.ts";
import { Cluster } from "./cluster.ts";
import { begins, counting, endAll, onSlurm, slurmIdOf } from "./on-cluster.ts";

const cluster = new Cluster();
let supervisor: RealSupervisor | null = null;

/** The real sbatch, whose first caller is killed as soon as it was called, or once the job is in the queue. */
const KILLING = {
  "before sbatch has begun": 'kill -9 "$PPID"',
  "while sbatch waits for the controller": 'kill -9 "$PPID"; sleep 4; sbatch "$@"',
  "before it has noted what sbatch has answered": 'sbatch "$@"; kill -9 "$PPID"',
};
const wrapper = (first: string): string => `#!/bin/sh
PATH=\${PATH#*:}
if [ -e "$0.called" ]; then exec sbatch "$@"; fi
: > "$0.called"
${first}
: > "$0.ended"
`;

describeWith(slurm)("jobs on Slurm", () => {
  beforeAll(async () => {
    await cluster.start();
  });
  afterEach(async () => {
    await endAll(cluster, supervisor);
    supervisor = null;
  });
  afterAll(() => cluster.stop());

  test.each(Object.entries(KILLING))("run once when their supervisor is killed %s", async (_, first) => {
    const bin = join(cluster.folder, `bin-${Date.now()}`);
    mkdirSync(bin);
    const sbatch = join(bin, "sbatch");
    writeFileSync(sbatch, wrapper(first), { mode: 0o755 });
    const env = { ...cluster.env, PATH: `${bin}:${cluster.env.PATH}` };
    supervisor = await new RealSupervisor({ jobs: [] }, env).start();
    const { process: killed } = supervisor;
    supervisor.configure({ jobs: onSlurm([counting("count", "--ms", "30")]) });
    await until("the kill", () => killed?.signalCode === "SIGKILL");
    await supervisor.start();
    await supervisor.steps("count", 5);
    await until("the first sbatch to end", () => existsSync(`${sbatch}.ended`));
    const id = await slurmIdOf(supervisor, "count");
    const running = supervisor;
    await untilHolds(() => expect(begins(running, "count")).toEqual([0]));
    await until("no other in the queue", () => {
      const left = cluster.queue.filter((line) => !/COMPLETED|CANCELLED|FAILED/.test(line));
      return left.length === 1 && left[0]?.startsWith(`${id} RUNNING`);
    });
  });

  testWith(smallDisk)(
    "pause once there is room for their checkpoint, and resume once there is room for a run",
    async () => {
      const own = new Cluster();
      supervisor = new RealSupervisor({ jobs: onSlurm([counting("count", "--ms", "30")]) }, own.env);
      const disk = new SmallDisk(join(supervisor.directory, "state"));
      try {
        // Its nodes see what was mounted before them.
        await own.start();
        await supervisor.start();
        await supervisor.steps("count", 5);
        const id = await slurmIdOf(supervisor, "count");
        disk.fill(0);
        supervisor.say("pause", "count", "--no-wait");
        await supervisor.recorded("pause.requested");
        // Neither the word nor the ranks' answer can be written.
        await supervisor.ticks(12);
        expect(supervisor.job("count").state).toBe("pausing");
        disk.unfill();
        const paused = await supervisor.reaches("count", ["paused"]);
        expect(supervisor.audit("pause.completed").at(-1)?.outcome).toMatchObject({ stepsLost: 0 });
        const runs = join(disk.folder, "runs");
        await until("the run's files to be gone", () => readdirSync(runs).length === 0);
        disk.fill(0);
        supervisor.say("resume", "count");
        const refused = await supervisor.recorded("job.failed");
        expect(refused.reason).toMatch(/ENOSPC.*this doesn't count as a failure/);
        disk.unfill();
        await supervisor.steps("count", (paused.checkpoint?.step ?? 0) + 3);
        expect(await slurmIdOf(supervisor, "count")).toBe(id);
        const running = supervisor;
        await untilHolds(() => expect(begins(running, "count")).toEqual([0, paused.checkpoint?.step]));
      } finally {
        await supervisor.crash();
        disk.unfill();
        await own.stop();
        disk.close();
      }
    },
  );
});
