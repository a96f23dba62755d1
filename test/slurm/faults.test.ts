/**
 * What happens to jobs on Slurm when somebody else acts: the supervisor is killed, the controller is away, a job is
 * cancelled behind its back, preempted, requeued, or loses its node.
 *
 * Covers: src/runs/slurm/followed-slurm.ts, src/runs/slurm/observe-slurm.ts, src/decide/lifecycle/end/slurm-ended.ts
 */
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { describeWith, slurm } from "../needs.ts";
import { alive, type RealSupervisor } from "../scenarios/real-supervisor.ts";
import { until, untilHolds } from "../until.ts";
import { Cluster } from "./cluster.ts";
import { begins, counting, endAll, slurmIdOf, supervise } from "./on-cluster.ts";

const cluster = new Cluster();
let supervisor: RealSupervisor | null = null;

/** The ranks' own programs: processes that are numbered apart are seen from here, too. */
const programsOf = ({ directory }: RealSupervisor): number[] =>
  readdirSync("/proc")
    .map(Number)
    .filter((pid) => {
      try {
        return (
          /^[^\0]*node\0[^\0]*count-steps\.ts(\0|$)/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8")) &&
          readFileSync(`/proc/${pid}/environ`, "utf8").includes(`${directory}/state/`)
        );
      } catch {
        return false;
      }
    });

describeWith(slurm)("jobs on Slurm", () => {
  beforeAll(async () => {
    await cluster.start(
      // The administrator's own way to hold a job that exits with 75 must come to the same.
      "RequeueExitHold=75",
      "PreemptType=preempt/partition_prio",
      "PreemptMode=REQUEUE",
      "PartitionName=train Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP PriorityTier=1",
      "PartitionName=urgent Nodes=n1,n2 MaxTime=INFINITE State=UP PriorityTier=9",
    );
  });
  afterEach(async () => {
    await endAll(cluster, supervisor);
    supervisor = null;
  });
  afterAll(() => cluster.stop());

  test("are found again by a supervisor that was killed while they ran, and while they were paused", async () => {
    supervisor = await supervise(cluster, [counting("count", "--ms", "30")]);
    const { step } = (await supervisor.steps("count", 5)).progress ?? {};
    const id = await slurmIdOf(supervisor, "count");
    await supervisor.crash();
    await supervisor.start();
    await supervisor.steps("count", (step ?? 0) + 5);
    expect(supervisor.job("count")).toMatchObject({ state: "running", run: 1, slurm: { id } });
    supervisor.say("pause", "count", "--no-wait");
    await supervisor.recorded("pause.requested");
    await supervisor.crash();
    await supervisor.start();
    const paused = await supervisor.reaches("count", ["paused"]);
    expect(supervisor.audit("pause.completed").at(-1)?.outcome).toMatchObject({ stepsLost: 0 });
    supervisor.say("resume", "count");
    await supervisor.recorded("resume.requested");
    await supervisor.crash();
    await supervisor.start();
    await supervisor.steps("count", (paused.checkpoint?.step ?? 0) + 3);
    expect(await slurmIdOf(supervisor, "count")).toBe(id);
    const running = supervisor;
    await untilHolds(() => expect(begins(running, "count")).toEqual([0, paused.checkpoint?.step]));
    expect(cluster.queue.filter((line) => line.includes("RUNNING"))).toHaveLength(1);
  });

  test("aren't taken for gone while the controller is away, not even in the middle of a pause", async () => {
    supervisor = await supervise(cluster, [counting("count", "--ms", "30")]);
    const { directory } = supervisor;
    await supervisor.steps("count", 5);
    const id = await slurmIdOf(supervisor, "count");
    // Its state is written some seconds after a change; by its folder, since earlier tests' jobs stand there, too.
    await until("the controller's own record of the job", () =>
      cluster.ask("cat", `${cluster.folder}/state/job_state`).includes(directory),
    );
    // It can't have saved before the controller is gone.
    const held = supervisor;
    const rank = await until("its program", () => programsOf(held)[0]);
    process.kill(rank, "SIGSTOP");
    supervisor.say("pause", "count", "--no-wait");
    cluster.kill("controller");
    try {
      const unknown = `what became of Slurm job ${id} isn't known`;
      // A snapshot's warnings may be newer than its jobs, which are the last tick's.
      const silent = await supervisor.shows(
        "that nothing is known",
        ({ supervisor: { warnings }, jobs: [job] }) =>
          warnings.some((text) => text.startsWith("Slurm's controller doesn't answer")) &&
          job?.why.summary.includes(unknown)
            ? job
            : null,
      );
      expect(["pausing", "running"]).toContain(silent.state);
      expect(supervisor.audit().map(({ kind }) => kind)).not.toContain("job.lost");
    } finally {
      // The tests after this one need it, whatever became of the rank.
      cluster.revive();
      if (alive(rank)) process.kill(rank, "SIGCONT");
    }
    await supervisor.reaches("count", ["paused"]);
    expect(supervisor.audit("pause.completed").at(-1)?.outcome).toMatchObject({ stepsLost: 0 });
  });

  test("are cancelled by whoever cancels them in Slurm", async () => {
    supervisor = await supervise(cluster, [counting("count", "--ms", "30")]);
    await supervisor.steps("count", 3);
    const id = await slurmIdOf(supervisor, "count");
    cluster.ask("scancel", `${id}`);
    await supervisor.reaches("count", ["cancelled"]);
    const told = await supervisor.recorded("job.cancelled");
    expect(told).toMatchObject({ actor: "peer", outcome: { slurmJob: id } });
    expect(told.reason).toBe(`Slurm job ${id} was cancelled there (scancel), and not by this supervisor.`);
  });

  test("are cancelled there although they are being paused", async () => {
    // It neither saves nor ends before the signal that can't be caught.
    const stubborn = ["/bin/sh", "-c", "trap : USR2 TERM; while :; do sleep 1; done"];
    supervisor = await supervise(cluster, [
      { name: "stubborn", command: stubborn, pause: { signal: "SIGUSR2", graceSeconds: 600 } },
    ]);
    await supervisor.reaches("stubborn", ["running"]);
    const id = await slurmIdOf(supervisor, "stubborn");
    supervisor.say("pause", "stubborn", "--no-wait");
    await supervisor.recorded("pause.requested");
    cluster.ask("scancel", `${id}`);
    await supervisor.reaches("stubborn", ["cancelled"]);
    expect((await supervisor.recorded("job.cancelled")).actor).toBe("peer");
    expect(cluster.queue).toContainEqual(expect.stringMatching(`^${id} CANCELLED`));
  });

  test("go on from their checkpoint under the same id when a job of higher priority has taken their node", async () => {
    supervisor = await supervise(cluster, [
      {
        ...counting("count", "--ms", "30"),
        executor: { kind: "slurm", options: ["--exclusive", "--nodelist=n1"] },
        checkpoint: { everyMinutes: 0.02 },
      },
    ]);
    await supervisor.shows("a checkpoint", ({ jobs: [job] }) => job?.checkpoint);
    const id = await slurmIdOf(supervisor, "count");
    const urgent = cluster
      .ask(
        "sbatch",
        "--parsable",
        "--partition=urgent",
        "--exclusive",
        "--nodelist=n1",
        "--wrap=sleep 4",
        "-o/dev/null",
      )
      .trim();
    const told = await supervisor.recorded("job.lost");
    expect(told.reason).toMatch(
      new RegExp(`^Slurm job ${id} was .*preempted.*: it goes on from its last checkpoint`),
    );
    await until("the urgent job", () => cluster.queue.includes(`${urgent} COMPLETED None`));
    await supervisor.recorded("resume.completed");
    expect(await slurmIdOf(supervisor, "count")).toBe(id);
    const from = await until("its second begin", () => begins(supervisor as RealSupervisor, "count")[1]);
    expect(from).toBeGreaterThan(0);
    expect(begins(supervisor, "count")).toEqual([0, from]);
  });
});
