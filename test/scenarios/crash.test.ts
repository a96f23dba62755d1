/**
 * A dead supervisor: jobs go on, the next one finds them again, and none runs twice.
 * Covers: src/decide/roster.ts, src/supervise/announce.ts, src/supervise/assemble.ts,
 * src/supervise/run-supervisor.ts, src/supervise/supervisor-process.ts, src/supervise/take-back-runs.ts
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterEach, expect, test } from "vitest";
import { cgroupRecord, exitRecord } from "../../src/files/state-paths.ts";
import { membersOf } from "../../src/runs/launch/cgroup.ts";
import { smallDisk, testWith } from "../needs.ts";
import { cgroupsHere } from "../runs/given.ts";
import { untilHolds } from "../until.ts";
import { alive, CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

let supervisor: RealSupervisor;
afterEach(() => supervisor.close());

const counting = (...args: string[]) => ({
  jobs: [{ name: "count", command: ["node", join(CHILDREN, "count-steps.ts"), ...args] }],
});
const log = (): string => readFileSync(join(supervisor.directory, "state/logs/count.log"), "utf8");

/** Puts the job into `starting` with a run of which nothing was begun, as a crash would have left it. */
function leaveStarting(id: string, facts: Record<string, unknown> = {}): void {
  const db = new Sqlite(join(supervisor.directory, "audit.sqlite"));
  const job = JSON.parse(db.prepare("SELECT job FROM jobs WHERE name = 'count'").pluck().get() as string);
  const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const startedAt = { wallMs: Date.now(), monotonicMs: performance.now() };
  const run = { id, number: job.runs + 1, startedAt, pid: null, startTime: null, bootId, resumedFrom: null };
  const state = { name: "starting", since: startedAt, run: { ...run, resumedAtStep: 0, gpus: [], ...facts } };
  const progress = { ...job.progress, step: job.progress.step + 7 };
  const left = { ...job, runs: job.runs + 1, state, progress };
  db.prepare("UPDATE jobs SET state = 'starting', job = ? WHERE name = 'count'").run(JSON.stringify(left));
  db.close();
}

test("killed with SIGKILL and started again: the same process goes on and can still be paused", async () => {
  supervisor = await new RealSupervisor(counting()).start();
  const before = await supervisor.steps("count", 3);
  await supervisor.crash();
  expect(alive(before.pid as number)).toBe(true);

  await supervisor.start();
  const after = await supervisor.reaches("count", ["running"]);
  expect(after).toMatchObject({ pid: before.pid, run: before.run, runId: before.runId });
  expect(supervisor.audit("supervisor.recovered")).toHaveLength(1);
  expect(supervisor.say("pause", "count").code).toBe(0);
  expect(alive(before.pid as number)).toBe(false);
  expect(log().match(/^begins at/gm)).toHaveLength(1);
  expect(supervisor.say("audit", "verify").code).toBe(0);
});

test.runIf(cgroupsHere())(
  "killed with its job, and its state directory removed: the next supervisor removes the cgroup",
  async () => {
    supervisor = await new RealSupervisor(counting()).start();
    const { pid, runId } = await supervisor.steps("count", 1);
    const state = join(supervisor.directory, "state");
    const cgroup = readFileSync(cgroupRecord(state, runId as string), "utf8");
    await supervisor.crash();
    process.kill(pid as number, "SIGKILL");
    await until("it to be empty", () => membersOf(cgroup).length === 0);
    // Its launcher, which is in no cgroup, writes how it ended: the dot comes last.
    const exit = exitRecord(state, runId as string);
    await until("its end", () => readFileSync(exit, "utf8").includes("."));
    rmSync(state, { recursive: true });
    expect(existsSync(cgroup)).toBe(true);
    const other = await new RealSupervisor({ jobs: [] }).start();
    await other.close();
    expect(existsSync(dirname(cgroup))).toBe(false);
  },
);

test.each([
  [0, "finished", "job.finished", "exit code 0"],
  [3, "failed", "job.failed", "exit code 3"],
] as const)(
  "a job that ends with %i while no supervisor is there is known to have %s",
  async (code, state, kind, words) => {
    const script = `echo begins at 0; while ! [ -e end ]; do sleep 0.05; done; exit ${code}`;
    supervisor = await new RealSupervisor({
      jobs: [{ name: "count", command: ["/bin/sh", "-c", script], restart: { onFailure: false } }],
    }).start();
    const { pid } = await supervisor.reaches("count", ["running"]);
    await supervisor.crash();
    writeFileSync(join(supervisor.directory, "end"), "");
    await until("the job to end", () => !alive(pid as number));
    await supervisor.start();
    await supervisor.reaches("count", [state]);
    expect(supervisor.audit(kind).map(({ reason }) => reason)).toEqual([expect.stringContaining(words)]);
    expect(log().match(/^begins at/gm)).toHaveLength(1);
  },
);

test.each([
  ["after the next start", false],
  ["while no supervisor is there", true],
])(
  "killed in the middle of a pause that ends %s: intent, recovery and outcome, each once",
  async (_, alone) => {
    supervisor = await new RealSupervisor(counting()).start();
    const { pid, run } = await supervisor.steps("count", 1);
    // It can't save before it is let go on, so the middle of the pause lasts as long as this test wants.
    process.kill(pid as number, "SIGSTOP");
    expect(supervisor.say("pause", "count", "--no-wait").code).toBe(0);
    const asked = await supervisor.recorded("pause.requested", "count");
    await supervisor.crash();
    expect(supervisor.audit("pause.completed")).toEqual([]);

    if (alone) {
      process.kill(pid as number, "SIGCONT");
      await until("its end", () => !alive(pid as number));
    }
    await supervisor.start();
    const recovered = await supervisor.recorded("supervisor.recovered");
    if (!alone) process.kill(pid as number, "SIGCONT");
    const { checkpoint } = await supervisor.reaches("count", ["paused"]);
    const told = supervisor.audit().filter(({ kind }) => /^(pause|supervisor\.recovered)/.test(kind));
    expect(told.map(({ kind, job, run: of, actor }) => [kind, job, of, actor])).toEqual([
      ["pause.requested", "count", run, "user"],
      ["supervisor.recovered", null, null, "recovery"],
      ["pause.completed", "count", run, "user"],
    ]);
    expect(asked).toMatchObject({
      reason: expect.stringMatching(/^Asked for by /),
      outcome: { method: "checkpoint" },
    });
    expect(recovered.reason).toContain("left count");
    expect(told[2]?.outcome).toMatchObject({ step: checkpoint?.step, stepsLost: 0, forced: null });
    expect(alive(pid as number)).toBe(false);
    expect(log().match(/^begins at/gm)).toHaveLength(1);
    expect(supervisor.say("audit", "verify").code).toBe(0);
  },
);

test("the launcher killed: the job goes on, its end is unknown and never taken for success", async () => {
  // It ends when this test says so.
  const script = "while ! [ -e end-$$ ]; do sleep 0.05; done";
  const jobs = [{ name: "count", command: ["/bin/sh", "-c", script] }];
  supervisor = await new RealSupervisor({ jobs }).start();
  const { pid } = await supervisor.reaches("count", ["running"]);
  const [run = ""] = readdirSync(join(supervisor.directory, "state/runs"));
  const launcher = Number(
    readFileSync(join(supervisor.directory, "state/runs", run, "launcher"), "utf8").split(" ")[0],
  );
  process.kill(launcher, "SIGKILL");
  await until("the launcher's end", () => !alive(launcher));
  expect(alive(pid as number)).toBe(true);
  writeFileSync(join(supervisor.directory, `end-${pid}`), "");
  const lost = await supervisor.recorded("job.lost", "count");
  expect(lost.reason).toContain("nobody knows how it ended");
  expect(alive(pid as number)).toBe(false);
  expect(supervisor.audit("job.finished")).toHaveLength(0);
  await supervisor.reaches("count", ["running"]);
});

test("the job killed while it saves: the half-written checkpoint is passed over", async () => {
  supervisor = await new RealSupervisor({
    jobs: [
      {
        name: "count",
        command: ["node", join(CHILDREN, "count-steps.ts")],
        checkpoint: { everyMinutes: 0.005 },
        restart: { backoffSeconds: 0.1 },
      },
    ],
  }).start();
  const before = await until("a checkpoint", () => {
    const job = supervisor.job("count");
    return job.checkpoint !== null && job;
  });
  process.kill(before.pid as number, "SIGKILL");
  const checkpoints = join(supervisor.directory, "state/jobs/count/checkpoints");
  // Exactly what a save that was cut short leaves behind: its own temporary name, no manifest.
  const half = join(checkpoints, `.tmp-step-99999999.${before.pid}.1.elsewhere`);
  mkdirSync(half);
  writeFileSync(join(half, "weights"), "half");
  await supervisor.recorded("job.failed", "count");
  await until("another run", () => log().match(/^begins at/gm)?.length === 2);
  const [, from = "0"] = /\nbegins at (\d+)\s*$/m.exec(log().slice(log().lastIndexOf("\nbegins at"))) ?? [];
  expect(Number(from)).toBeGreaterThanOrEqual(before.checkpoint?.step ?? 0);
  expect(Number(from)).toBeLessThan(99_999_999);
});

test("killed after the start was recorded and before anything was launched: it starts again, once", async () => {
  supervisor = await new RealSupervisor(counting()).start();
  await supervisor.steps("count", 1);
  expect(supervisor.say("pause", "count").code).toBe(0);
  await supervisor.crash();
  leaveStarting("0123456789abcdef");
  await supervisor.start();
  const lost = await supervisor.recorded("job.lost", "count");
  expect(lost.reason).toContain("no record of its exit");
  expect(supervisor.say("resume", "count").code).toBe(0);
  await supervisor.reaches("count", ["running"]);
  await untilHolds(() => expect(log().match(/^begins at/gm)).toHaveLength(2));
  expect(existsSync(join(supervisor.directory, "state/runs/0123456789abcdef"))).toBe(false);
});

test("after a reboot: no run is taken for alive, and the steps to be redone are said", async () => {
  supervisor = await new RealSupervisor(counting("--ms", "5")).start();
  await supervisor.steps("count", 20);
  const { pid } = supervisor.job("count");
  expect(supervisor.say("pause", "count").code).toBe(0);
  await supervisor.crash();
  expect(alive(pid as number)).toBe(false);
  // What a power cut leaves: a live run of another boot, with a pid that is somebody else's by now.
  leaveStarting("fedcba9876543210", { bootId: "another-boot", pid: process.pid, startTime: 1 });
  await supervisor.start();
  const lost = await supervisor.recorded("job.lost", "count");
  expect(lost.reason).toMatch(/The machine rebooted: run \d+ ended with it.*steps? to be redone/);
  expect(supervisor.audit("machine.rebooted").map(({ reason }) => reason)).toEqual([
    expect.stringMatching(/: count \(run \d+\) ended with it/),
  ]);
  expect(supervisor.say("audit", "verify").code).toBe(0);
});

test("a second supervisor of one database says who holds it", async () => {
  supervisor = await new RealSupervisor(counting()).start();
  const second = supervisor.say("start", "--headless");
  expect(second.code).toBe(1);
  expect(second.err).toContain(String(supervisor.process?.pid));
});

test("the database corrupt: set aside, named by the first event of a new one, and no job started twice", async () => {
  supervisor = await new RealSupervisor(counting()).start();
  const { pid, runId, run } = await supervisor.steps("count", 3);
  await supervisor.crash();
  const database = join(supervisor.directory, "audit.sqlite");
  for (const suffix of ["", "-wal"]) writeFileSync(database + suffix, "no database".repeat(1000));

  await supervisor.start();
  const [first, taken] = supervisor.audit();
  expect(first?.kind).toBe("supervisor.started");
  const [, aside = ""] = /set aside as (\S+) /.exec(first?.reason ?? "") ?? [];
  expect(readFileSync(aside, "utf8")).toContain("no database");
  expect(taken).toMatchObject({ kind: "supervisor.recovered", job: "count", run });
  expect(await supervisor.reaches("count", ["running"])).toMatchObject({ pid, runId, run });
  expect(supervisor.say("pause", "count").code).toBe(0);
  expect(alive(pid as number)).toBe(false);
  expect(supervisor.job("count").checkpoint?.step).toBeGreaterThan(3);
  expect(supervisor.say("resume", "count").code).toBe(0);
  expect((await supervisor.reaches("count", ["running"])).run).toBe((run ?? 0) + 1);
  expect(supervisor.say("audit", "verify").code).toBe(0);
});

testWith(smallDisk)(
  "the database can't be written at a start: said with the fix; the job lives on and is found later",
  async () => {
    supervisor = await new RealSupervisor({ ...counting(), database: "db/audit.sqlite" }).start();
    const { pid } = await supervisor.reaches("count", ["running"]);
    await supervisor.crash();
    const folder = join(supervisor.directory, "db");
    const mount = (...argv: string[]): void => void execFileSync("mount", argv, { stdio: "ignore" });
    mount("--bind", folder, folder);
    try {
      mount("-o", "remount,bind,ro", folder);
      const refused = supervisor.say("start", "--headless");
      expect(refused.code).toBe(1);
      expect(refused.err).toMatch(
        /audit\.sqlite.*Make its folder writable, or set "database" to another file\.$/m,
      );
      expect(alive(pid as number)).toBe(true);
    } finally {
      execFileSync("umount", [folder]);
    }
    await supervisor.start();
    expect((await supervisor.reaches("count", ["running"])).pid).toBe(pid);
    expect(log().match(/^begins at/gm)).toHaveLength(1);
  },
);
