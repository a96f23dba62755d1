/**
 * Covers: src/runs/launch/launcher-script.ts, src/runs/launch/job-environment.ts, src/files/state-paths.ts,
 * src/spawn/spawn-detached.ts
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { exitRecord, pidRecord, runDirectory } from "../../../src/files/state-paths.ts";
import type { Job } from "../../../src/model/job.ts";
import type { Checkpoint, Run } from "../../../src/model/run.ts";
import { removeCgroup } from "../../../src/runs/launch/cgroup.ts";
import { launch } from "../../../src/runs/launch/launch.ts";
import { writeRunFiles } from "../../../src/runs/launch/launcher-script.ts";
import { root, strace, testWith } from "../../needs.ts";
import { BOOT_ID, givenJob, givenRun, givenState, hasPython, logOf, readOr } from "../given.ts";

/** Launches, waits for the launcher's end, and gives back its exit record. */
async function complete(
  state: string,
  job: Job,
  run: Run = givenRun(),
  resumeFrom: Checkpoint | null = null,
): Promise<string> {
  const launched = await launch(job, run, resumeFrom, { stateDirectory: state, directory: state });
  if (!launched.ok) throw new Error(launched.reason);
  await launched.ended;
  if (launched.cgroup) removeCgroup(launched.cgroup);
  return recorded(state, run);
}

const recorded = (state: string, run: Run): string => readOr(exitRecord(state, run.id)).replace(/\.\s*$/, "");

test.each([
  ["0", "process.exit(0)"],
  ["1", "process.exit(1)"],
  ["75", "process.exit(75)"],
  ["143", "process.kill(process.pid, 'SIGTERM')"],
  ["137", "process.kill(process.pid, 'SIGKILL')"],
])("records exit status %s", async (status, program) => {
  expect(await complete(givenState(), givenJob(["node", "-e", program]))).toBe(status);
});

test("keeps 127 and 126 of what the job itself can't start, with a line in the log", async () => {
  const state = givenState();
  expect(await complete(state, givenJob(["/bin/sh", "-c", "exec /no/such/program"]))).toBe("127");
  expect(logOf(state)).toMatch(/supervisor: exit code 127: a command was not found \(started: \/bin\/sh\)/);
  const file = join(state, "script");
  writeFileSync(file, "echo never", { mode: 0o644 });
  expect(await complete(state, givenJob(["/bin/sh", "-c", `exec ${file}`]))).toBe("126");
  expect(logOf(state)).toMatch(/supervisor: exit code 126: /);
});

test("a command that can't be found is refused with the reason", async () => {
  const state = givenState();
  const where = { stateDirectory: state, directory: state };
  expect(await launch(givenJob(["no-such-program-here"]), givenRun(), null, where)).toMatchObject({
    ok: false,
    reason: "'no-such-program-here' was not found in PATH",
  });
  const elsewhere = givenJob(["node"], { cwd: "/no/such/folder" });
  expect(await launch(elsewhere, givenRun(), null, where)).toMatchObject({
    ok: false,
    reason: "its folder /no/such/folder does not exist",
  });
});

test("a folder that leads in circles isn't waited for", async () => {
  const state = givenState();
  symlinkSync("loop", join(state, "loop"));
  const job = givenJob(["true"], { cwd: join(state, "loop") });
  expect(await launch(job, givenRun(), null, { stateDirectory: state, directory: state })).toEqual({
    ok: false,
    reason: expect.stringContaining("ELOOP"),
  });
});

testWith(root)("a folder, a program or an envFile that can't be looked at now is waited for", async () => {
  const state = givenState();
  const shut = join(state, "shut");
  mkdirSync(shut, { mode: 0o700 });
  for (let above = state; above !== tmpdir(); above = dirname(above)) chmodSync(above, 0o755);
  const go = (job: Job) => launch(job, givenRun(), null, { stateDirectory: state, directory: state });
  // Root may look everywhere, an ordinary user may not.
  process.seteuid?.(65_534);
  try {
    const inShut = join(shut, "in");
    expect(await go(givenJob(["true"], { cwd: inShut }))).toEqual({
      ok: false,
      unready: true,
      reason: expect.stringMatching(`^its folder can't be looked at now: EACCES.*${inShut}`),
    });
    const reason = `${inShut} can't be looked at (EACCES)`;
    expect(await go(givenJob([inShut]))).toEqual({ ok: false, unready: true, reason });
    expect(await go(givenJob(["true"], { envFile: inShut }))).toEqual({
      ok: false,
      unready: true,
      reason: expect.stringMatching(`^its environment can't be read now: EACCES.*${inShut}`),
    });
    const missing = join(state, "missing");
    expect(await go(givenJob(["true"], { envFile: missing }))).toEqual({
      ok: false,
      reason: expect.stringMatching(`^envFile ${missing} can't be read: ENOENT`),
    });
  } finally {
    process.seteuid?.(0);
  }
});

test("argv reaches the job untouched by any shell", async () => {
  const state = givenState();
  const strange = ["a b", "", "'", '"', "$(id)", "`id`", "$HOME", "*", "\\n", "two\nlines", "-n", "--", "ü✓"];
  const print = "process.stdout.write(JSON.stringify(process.argv.slice(1)))";
  expect(await complete(state, givenJob(["node", "-e", print, "--", ...strange]))).toBe("0");
  expect(JSON.parse(logOf(state))).toEqual(strange);
});

test("no signal is ignored in the job, and it has no file of the launcher open", async () => {
  const state = givenState();
  // Asks the kernel what the job was born with; a Node would set up its own.
  const look = "grep -E '^Sig(Ign|Blk):' /proc/self/status; ls -l /proc/self/fd";
  expect(await complete(state, givenJob(["bash", "-c", look]))).toBe("0");
  const log = logOf(state);
  expect(log).toMatch(/SigBlk:\s+0+$/m);
  expect(log).toMatch(/SigIgn:\s+0+$/m);
  expect(log).not.toContain("launcher.sh");
});

test.runIf(hasPython)("SIGINT reaches a program as it would in a terminal", async () => {
  const program = "import os, signal; os.kill(os.getpid(), signal.SIGINT)";
  const state = givenState();
  expect(await complete(state, givenJob(["python3", "-c", program]))).toBe("130");
  expect(logOf(state)).toContain("KeyboardInterrupt");
});

test("the pid record names the job's own first process", async () => {
  const state = givenState();
  const run = givenRun();
  const print = "console.log(process.pid, require('fs').readFileSync('/proc/self/stat','utf8'))";
  await complete(state, givenJob(["node", "-e", print]), run);
  const log = logOf(state);
  const stat = log.slice(log.lastIndexOf(")") + 2).split(" ");
  expect(readFileSync(pidRecord(state, run.id), "utf8")).toBe(
    `${log.split(" ")[0]} ${stat[19]} ${BOOT_ID}\n`,
  );
});

test("a run that already has a launcher record is not started a second time", async () => {
  const state = givenState();
  const run = givenRun();
  expect(await complete(state, givenJob(["node", "-e", "console.log('once')"]), run)).toBe("0");
  const again = await launch(givenJob(["node", "-e", "console.log('twice')"]), run, null, {
    stateDirectory: state,
    directory: state,
  });
  if (!again.ok) throw new Error(again.reason);
  await again.ended;
  if (again.cgroup) removeCgroup(again.cgroup);
  expect(logOf(state)).toBe("once\n");
  expect(recorded(state, run)).toBe("0");
});

// A process that records the exit would be one more of the run's, and be ended with them.
testWith(strace)("the launcher starts nothing after the job", () => {
  const state = givenState();
  const run = givenRun();
  const { launcher, directory } = writeRunFiles(state, run.id);
  const trace = join(state, "trace");
  const calls = ["-f", "-e", "trace=process", "-o", trace];
  execFileSync("strace", [
    ...calls,
    "/bin/sh",
    launcher,
    "keep",
    directory,
    "",
    run.bootId,
    "begins",
    "/bin/true",
  ]);
  expect(recorded(state, run)).toBe("0");
  const lines = readFileSync(trace, "utf8").split("\n");
  const job = lines.find((line) => line.includes('execve("/bin/true"'))?.split(" ")[0];
  const after = lines.slice(
    lines.findIndex((line) => line.startsWith(`${job} `) && line.includes("+++ exited")),
  );
  expect(after.length).toBeGreaterThan(1);
  expect(after.filter((line) => /fork|clone|execve/.test(line))).toEqual([]);
});

test("a signal to the whole process group doesn't lose the exit record", async () => {
  const state = givenState();
  expect(await complete(state, givenJob(["node", "-e", "process.kill(0, 'SIGTERM')"]))).toBe("143");
});

test("the environment: file, then spec, then the contract, which nothing overrides", async () => {
  const state = givenState();
  const envFile = join(state, "job.env");
  writeFileSync(envFile, 'A=file\nB="file b"\nSUPERVISOR_JOB=file\n');
  const run = givenRun({
    gpus: ["GPU-1", "GPU-2"],
    devices: { CUDA_VISIBLE_DEVICES: "GPU-1,GPU-2" },
  });
  const job = givenJob(["node", "-p", "JSON.stringify(process.env)"], {
    envFile,
    env: { A: "spec", SUPERVISOR_RUN: "99", CUDA_VISIBLE_DEVICES: "7" },
    pause: { graceSeconds: 7.5 },
  });
  process.env.SUPERVISOR_SPEAKER = "another supervisor's job";
  try {
    expect(await complete(state, job, run)).toBe("0");
  } finally {
    delete process.env.SUPERVISOR_SPEAKER;
  }
  const env = JSON.parse(logOf(state));
  expect(env).toMatchObject({
    A: "spec",
    B: "file b",
    PATH: process.env.PATH,
    SUPERVISOR_JOB: "job",
    SUPERVISOR_RUN: String(run.number),
    SUPERVISOR_RUN_ID: run.id,
    SUPERVISOR_RESUME_FROM: "",
    SUPERVISOR_CHECKPOINT_DIR: join(state, "jobs/job/checkpoints"),
    SUPERVISOR_STATUS_DIR: join(runDirectory(state, run.id), "status"),
    SUPERVISOR_PAUSE_SIGNAL: "SIGUSR2",
    SUPERVISOR_GRACE_SECONDS: "8",
    SUPERVISOR_CHECKPOINT_MINUTES: "30",
    SUPERVISOR_CHECKPOINT_KEEP: "3",
    CUDA_VISIBLE_DEVICES: "GPU-1,GPU-2",
  });
  expect(env.SUPERVISOR_SPEAKER).toBeUndefined();
});

test("resumeArgs and SUPERVISOR_RESUME_FROM appear on a resume only", async () => {
  const state = givenState();
  const print = "console.log(JSON.stringify([process.env.SUPERVISOR_RESUME_FROM, ...process.argv.slice(1)]))";
  const job = givenJob(["node", "-e", print, "--", "a"], { resumeArgs: ["--from", "x={checkpoint}"] });
  const path = join(state, "step-00000007 $& $(id)");
  const from: Checkpoint = { path, step: 7, epoch: 0, bytes: 1, createdAtMs: 0, verified: "full" };
  await complete(state, job);
  await complete(state, job, givenRun(), from);
  const [first, second] = logOf(state)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(first).toEqual(["", "a"]);
  expect(second).toEqual([path, "a", "--from", `x=${path}`]);
});
