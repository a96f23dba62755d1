/**
 * A supervisor's own files removed under it, as by a temp cleaner or `git clean -fdx`: it makes them again,
 * stays the only one, and its job runs once.
 * Covers: src/supervise/own-places/own-places.ts, src/supervise/own-places/remake-run-files.ts, src/supervise/take-back-runs.ts,
 * src/cli/supervisors/when-back.ts, src/supervise/refuse-second.ts, src/runs/launch/rewrite-records.ts, src/runs/observe/runs-by-environment.ts, src/files/file-identity.ts
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Snapshot } from "../../src/control/protocol.ts";
import { NeverComes } from "../until.ts";
import { alive, CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

let supervisor: RealSupervisor;
afterEach(() => supervisor.close());

const BIN = resolve(import.meta.dirname, "../../dist/bin.js");
const started = (): Promise<RealSupervisor> =>
  new RealSupervisor({
    jobs: [{ name: "count", command: ["node", join(CHILDREN, "count-steps.ts")] }],
  }).start();
const at = (...path: string[]): string => join(supervisor.directory, ...path);

/** As `git clean -fdx` in the project would: state directory, database and lock. */
function wipe(): void {
  rmSync(at("state"), { recursive: true, force: true, maxRetries: 5 });
  for (const name of readdirSync(supervisor.directory))
    if (name.startsWith("audit.sqlite")) rmSync(at(name), { force: true });
}

/** Processes of the job, told by their environment: the program itself, once for each copy. */
function copies(): number {
  return readdirSync("/proc").filter((pid) => {
    try {
      const of = (file: string): string => readFileSync(`/proc/${pid}/${file}`, "utf8");
      const [program = ""] = of("cmdline").split("\0");
      return program.endsWith("node") && of("environ").includes(`SUPERVISOR_STATUS_DIR=${at("state")}/`);
    } catch {
      return false;
    }
  }).length;
}

const start = () =>
  spawnSync(process.execPath, [BIN, "start", "--detach", "--config", supervisor.configFile], {
    encoding: "utf8",
  });

test("state directory and database wiped: one supervisor, one copy of the job, nothing forgotten", async () => {
  supervisor = await started();
  const before = await supervisor.steps("count", 3);
  wipe();
  const second = start();
  // Whether it found the first one or was refused depends on who was faster.
  if (second.status !== 0)
    expect(second.stderr).toMatch(new RegExp(`[Tt]he supervisor with pid ${supervisor.process?.pid}\\b`));
  // A look in the midst of the wiping makes what is gone so far, and records it.
  const recovered = await until("the database made again", () =>
    supervisor.audit("supervisor.recovered").find(({ reason }) => reason.includes(at("audit.sqlite"))),
  );
  expect(recovered.reason).toContain("Removed or replaced while the supervisor runs, and made again");
  const after = await supervisor.steps("count", before.progress?.step ?? 0);
  expect(after).toMatchObject({ pid: before.pid, runId: before.runId, run: 1 });
  expect(supervisor.snapshot().supervisor.pid).toBe(supervisor.process?.pid);
  expect(copies()).toBe(1);
  expect(supervisor.audit("job.started")).toHaveLength(1);
  expect(supervisor.say("audit", "verify").code).toBe(0);
  expect(supervisor.say("pause", "count").code).toBe(0);
  expect(alive(before.pid as number)).toBe(false);
  expect(supervisor.job("count").checkpoint?.step).toBeGreaterThan(0);
});

test("everything wiped and the supervisor killed: the next one takes back the live run", async () => {
  supervisor = await started();
  const before = await supervisor.steps("count", 3);
  await supervisor.crash();
  wipe();
  await supervisor.start();
  // Until its library reports again, nothing shows that it can save.
  const after = await supervisor.steps("count", before.progress?.step ?? 0);
  expect(after).toMatchObject({ pid: before.pid, runId: before.runId, run: before.run });
  expect(copies()).toBe(1);
  expect(supervisor.say("pause", "count").code).toBe(0);
  expect(alive(before.pid as number)).toBe(false);
  const [first] = supervisor.audit("supervisor.started");
  expect(first?.reason).toContain("what that one recorded isn't in it");
  const paused = await supervisor.reaches("count", ["paused"]);
  expect(paused.checkpoint?.step).toBeGreaterThanOrEqual(before.progress?.step ?? 0);
});

test("only the state directory wiped and the supervisor killed: the run that the database knows goes on", async () => {
  supervisor = await started();
  const before = await supervisor.steps("count", 3);
  await supervisor.crash();
  rmSync(at("state"), { recursive: true, maxRetries: 5 });
  await supervisor.start();
  await supervisor.reaches("count", ["running"]);
  const after = await supervisor.steps("count", before.progress?.step ?? 0);
  expect(after).toMatchObject({ pid: before.pid, runId: before.runId });
  expect(copies()).toBe(1);
  expect(supervisor.say("pause", "count").code).toBe(0);
  expect(supervisor.audit("job.lost")).toEqual([]);
});

test("the job ends after its run's files were removed: how it ended is known", async () => {
  supervisor = await new RealSupervisor({
    jobs: [
      {
        name: "wait",
        command: ["/bin/sh", "-c", "until [ -e end ]; do sleep 0.05; done; exit 4"],
        restart: { onFailure: false },
      },
    ],
  }).start();
  const { runId } = await supervisor.reaches("wait", ["running"]);
  rmSync(at("state/runs"), { recursive: true, maxRetries: 5 });
  // A look in the midst of the removal makes files that it takes away again. This one is written last.
  await until("its run's files again", () => existsSync(at("state/runs", runId ?? "", "pid")));
  await supervisor.recorded("supervisor.recovered");
  writeFileSync(at("end"), "");
  await supervisor.reaches("wait", ["failed"]);
  expect(supervisor.audit("job.failed")[0]?.reason).toContain("exit code 4");
});

test("the socket swept away: it is there again, and the end of a supervisor removes only its own", async () => {
  supervisor = await started();
  rmSync(at("state/supervisor.sock"));
  // No command may say that none runs until the socket is there again.
  const seen = await until("an answer", () => {
    const { code, out, err } = supervisor.say("status", "--json");
    // 1: it doesn't answer so far.
    if (code === 3) throw new NeverComes(err);
    return code === 0 && (JSON.parse(out) as Snapshot);
  });
  expect(seen.supervisor.pid).toBe(supervisor.process?.pid);
  // Another program's socket in its place, without a moment in which none is there.
  const theirs = at("state/other.sock");
  const other = spawn(process.execPath, [
    "-e",
    `require("net").createServer().listen(${JSON.stringify(theirs)}, () => console.log("up"))`,
  ]);
  try {
    await until("the other", () => existsSync(theirs));
    renameSync(theirs, at("state/supervisor.sock"));
    supervisor.process?.kill("SIGTERM");
    await until("its end", () => supervisor.process?.exitCode === 0);
    expect(existsSync(at("state/supervisor.sock"))).toBe(true);
  } finally {
    other.kill("SIGKILL");
  }
});
