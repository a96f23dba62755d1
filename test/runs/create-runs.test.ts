/**
 * Covers: src/runs/followed-runs.ts, src/runs/perform-effects.ts, src/runs/launch/claim-and-launch.ts,
 * src/runs/observe/follow.ts, src/runs/observe/observe.ts
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execPath } from "node:process";
import { describe, expect, onTestFinished, test } from "vitest";
import { clock } from "../../src/clock.ts";
import { rankFile } from "../../src/contract/names.ts";
import {
  exitRecord,
  formerLauncherRecord,
  launcherRecord,
  logPath,
  pidRecord,
  runDirectory,
  statusDirectory,
} from "../../src/files/state-paths.ts";
import { createRuns } from "../../src/runs/create-runs.ts";
import { runsByEnvironment } from "../../src/runs/observe/runs-by-environment.ts";
import { isAlive, readWords } from "../../src/sense/proc/process.ts";
import {
  cgroupsHere,
  child,
  givenJob,
  givenRun,
  givenState,
  inState,
  known,
  logOf,
  readOr,
  setNoCgroup,
  start,
  until,
  WITH_AND_WITHOUT_CGROUP,
} from "./given.ts";

const loop = (program: string): string[] => ["node", "-e", `setInterval(() => { ${program} }, 20)`];

describe.each(WITH_AND_WITHOUT_CGROUP)("%s", (_, noCgroup) => {
  test("a run is seen from its start to its exit", async () => {
    setNoCgroup(noCgroup);
    const state = givenState();
    const wait = "setInterval(() => { if (require('fs').existsSync(process.argv[1])) process.exit(75) }, 10)";
    const it = await start(state, givenJob(["node", "-e", wait, join(state, "go")]));
    const seen = await until("its pid", () => (it.see("starting").pid ? it.see("starting") : null));
    expect(seen).toMatchObject({ alive: true, exit: null, leftovers: [], ranks: [], stopped: false });
    expect(isAlive(seen.pid ?? 0, seen.startTime)).toBe(true);
    const live = it.runs.live(it.run, "job");
    expect(live).toMatchObject({ id: it.run.id, job: "job", pid: seen.pid });
    expect(live.cpuCgroup !== null).toBe(noCgroup === "0" && cgroupsHere());
    expect(isAlive(live.launcherPid ?? 0, null)).toBe(true);

    let woken = 0;
    it.runs.onChange(() => woken++);
    writeFileSync(join(state, "go"), "");
    await until("a wake", () => woken);
    const ended = await it.end();
    expect(ended).toMatchObject({
      alive: false,
      pid: seen.pid,
      exit: { known: true, code: 75, signal: null },
    });
    expect(it.runs.live(it.run, "job")).toMatchObject({ pid: null, launcherPid: null });

    expect(await it.perform("tidy")).toEqual({ ok: true });
    expect(existsSync(runDirectory(state, it.run.id))).toBe(false);
    if (live.cpuCgroup) expect(existsSync(live.cpuCgroup)).toBe(false);
  });

  test("processes that outlive the first one are named, even when they left session and tree", async () => {
    setNoCgroup(noCgroup);
    const orphan = "setsid sh -c 'exec sleep 300' < /dev/null > /dev/null 2>&1 & exit 0";
    const it = await start(givenState(), givenJob(["bash", "-c", orphan]));
    const seen = await until("leftovers", () => {
      const now = it.see();
      return now.exit && now.leftovers.some(({ command }) => command === "sleep 300") ? now : null;
    });
    expect(seen).toMatchObject({ alive: false, exit: { known: true, code: 0 } });
    expect(await it.perform("kill")).toEqual({ ok: true });
    expect(it.see().leftovers).toEqual([]);
  });
});

test("a killed launcher costs the exit code, not the job", async () => {
  const state = givenState();
  const it = await start(state, givenJob(loop(`require('fs').existsSync('${state}/go') && process.exit(0)`)));
  await until("its pid", () => it.see().pid);
  process.kill(it.runs.live(it.run, "job").launcherPid ?? 0, "SIGKILL");
  await until("the launcher's end", () => it.runs.live(it.run, "job").launcherPid === null);
  expect(it.see()).toMatchObject({ alive: true, exit: null });
  writeFileSync(join(state, "go"), "");
  expect(await it.end()).toMatchObject({ alive: false, exit: { known: false } });
});

test("a run outlives the supervisor, and the next one sees it and its exit code", async () => {
  const state = givenState();
  const run = givenRun();
  const beat = `console.log('beat'); if (require('fs').existsSync('${state}/go')) process.exit(3)`;
  const job = inState(givenJob(loop(beat)), run, "starting");
  const argv = [child("act-supervisor"), state, JSON.stringify(job), JSON.stringify(run)];
  const supervisor = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void supervisor.kill("SIGKILL"));
  let said = "";
  supervisor.stdout.on("data", (text) => (said += text));
  await until("its launch", () => said.includes('{"ok":true}'));
  const runs = createRuns({ stateDirectory: state, directory: state });
  const it = known(runs, job, run);
  await until("its first beat", () => readOr(logPath(state, "job")).includes("beat"));
  const died = new Promise((resolve) => supervisor.once("exit", resolve));
  supervisor.kill("SIGKILL");
  await died;

  const before = logOf(state).length;
  await until("more beats", () => logOf(state).length > before + 20);
  const seen = it.see("lost");
  expect(seen).toMatchObject({ alive: true, exit: null });
  expect(runs.live(run, "job")).toMatchObject({ pid: seen.pid });
  expect(isAlive(runs.live(run, "job").launcherPid ?? 0, null)).toBe(true);
  let woken = 0;
  runs.onChange(() => woken++);
  writeFileSync(join(state, "go"), "");
  await until("a wake by the exit record", () => woken);
  expect(await it.end()).toMatchObject({ alive: false, exit: { known: true, code: 3 } });
});

test("a command that can't run is a failed launch and a run that is over", async () => {
  const state = givenState();
  const run = givenRun();
  const job = inState(givenJob(["no-such-program-here"]), run, "starting");
  const runs = createRuns({ stateDirectory: state, directory: state });
  const done = await runs.perform({ do: "launch", job: "job", run, resumeFrom: null }, job);
  expect(done).toEqual({ ok: false, reason: "'no-such-program-here' was not found in PATH" });
  expect(runs.observe(job, run)).toMatchObject({ alive: false, exit: { known: false }, leftovers: [] });
});

test("a run is taken for alive from the moment that its launch is asked for", async () => {
  const state = givenState();
  const run = givenRun();
  const job = inState(givenJob(["node", "-e", ""]), run, "starting");
  const runs = createRuns({ stateDirectory: state, directory: state });
  const it = known(runs, job, run);
  const launching = runs.perform({ do: "launch", job: "job", run, resumeFrom: null }, job);
  expect(runs.observe(job, run)).toMatchObject({ alive: true, pid: null, exit: null });
  await launching;
  expect(await it.end()).toMatchObject({ exit: { known: true, code: 0 } });
});

test("a run that never began is over, and can never begin", async () => {
  const state = givenState();
  const run = givenRun();
  mkdirSync(statusDirectory(state, run.id), { recursive: true });
  const job = inState(givenJob(["node", "-e", "console.log('begun')"]), run, "lost");
  const later = createRuns({ stateDirectory: state, directory: state });
  expect(later.observe(job, run)).toMatchObject({ alive: false, pid: null, exit: { known: false } });
  const it = await start(state, job, run);
  await it.end();
  expect(logOf(state)).toBe("");
});

test.each([
  ["", launcherRecord],
  [" of an earlier release", formerLauncherRecord],
])("a record%s without a pid yet belongs to a launcher that is still at work, or was killed", (_, record) => {
  const state = givenState();
  const run = givenRun();
  const job = inState(givenJob(["node"]), run, "lost");
  const runs = createRuns({ stateDirectory: state, directory: state });
  mkdirSync(statusDirectory(state, run.id), { recursive: true });
  writeFileSync(record(state, run.id), `${process.pid} - ${run.bootId}\n`);
  expect(runs.observe(job, run)).toMatchObject({ alive: true, pid: null, exit: null });
  writeFileSync(record(state, run.id), `${process.pid} 1 ${run.bootId}\n`);
  expect(runs.observe(job, run)).toMatchObject({ alive: false, exit: { known: false } });
});

test("a launcher record that is still being written is waited for, whatever time its file has, but not for ever", async () => {
  const state = givenState();
  const run = givenRun();
  const job = inState(givenJob(["node"]), run, "lost");
  const runs = createRuns({ stateDirectory: state, directory: state });
  mkdirSync(statusDirectory(state, run.id), { recursive: true });
  writeFileSync(launcherRecord(state, run.id), "");
  const hoursAgo = new Date(Date.now() - 3 * 3_600_000);
  utimesSync(launcherRecord(state, run.id), hoursAgo, hoursAgo);
  expect(runs.observe(job, run)).toMatchObject({ alive: true, exit: null });
  const seen = await until("it to be given up", () => {
    const now = runs.observe(job, run);
    return now.exit && now;
  });
  expect(seen).toMatchObject({ alive: false, exit: { known: false } });
});

test("after a reboot nothing of a run is alive, whoever has its pids now", async () => {
  const state = givenState();
  const it = await start(state, givenJob(loop("")));
  await until("its pid", () => it.see().pid);
  const run = { ...it.run, bootId: "another boot" };
  const later = createRuns({ stateDirectory: state, directory: state });
  const seen = later.observe(inState(it.job, run, "lost"), run);
  expect(seen).toMatchObject({ alive: false, exit: { known: false }, leftovers: [] });
  writeFileSync(exitRecord(state, run.id), "0.  \n");
  expect(later.observe(inState(it.job, run, "lost"), run).exit).toMatchObject({ known: true, code: 0 });
  rmSync(exitRecord(state, run.id));
});

test("files of a run that isn't over stay", async () => {
  const state = givenState();
  const it = await start(state, givenJob(loop("")));
  await until("its pid", () => it.see().pid);
  expect(await it.perform("tidy")).toMatchObject({ ok: false });
  expect(existsSync(runDirectory(state, it.run.id))).toBe(true);
});

test("what the records can't hold is unknown, never success", async () => {
  const state = givenState();
  const it = await start(state, givenJob(["node", "-e", ""]));
  await it.end();
  writeFileSync(exitRecord(state, it.run.id), "");
  expect(it.see().exit).toEqual({ known: false });
  expect(readFileSync(join(runDirectory(state, it.run.id), "launcher.sh"), "utf8")).toContain("exec");
});

test("a run whose files are swept before it was seen to begin gets them again, and is followed", async () => {
  const state = givenState();
  const job = givenJob(["node", child("act-library-job")]);
  const run = givenRun();
  const runs = createRuns({ stateDirectory: state, directory: state });
  const it = known(runs, job, run);
  const launch = { do: "launch", job: job.name, run, resumeFrom: null } as const;
  expect(await runs.perform(launch, inState(job, run, "starting"))).toEqual({ ok: true });
  // By its processes alone: a look would note which one is its first.
  const begun = await until("its job", () =>
    runsByEnvironment(state, clock.now()).find(({ main }) =>
      readWords(main.pid, "cmdline")?.startsWith(execPath),
    ),
  );
  // Its report is the last that it writes by itself: without its folder it would die of it.
  await until("its report", () => existsSync(join(statusDirectory(state, run.id), rankFile(0))));
  rmSync(runDirectory(state, run.id), { recursive: true });
  expect(it.see("starting")).toMatchObject({ alive: true, pid: null });
  // The disk takes a part of them alone, and all of them later.
  mkdirSync(launcherRecord(state, run.id), { recursive: true });
  expect(() => runs.restore(job, run)).toThrow("EISDIR");
  rmdirSync(launcherRecord(state, run.id));
  expect(runs.restore(job, run)).toBe(true);
  expect(it.see("starting")).toMatchObject({ alive: true, pid: begun.main.pid });
  expect(runs.restore(job, run)).toBe(false);
});

test("a run that is just beginning, whose record of its first process isn't there yet, isn't taken for swept", async () => {
  const state = givenState();
  const job = givenJob(["node", child("act-library-job")]);
  const run = givenRun();
  const runs = createRuns({ stateDirectory: state, directory: state });
  known(runs, job, run);
  const launch = { do: "launch", job: job.name, run, resumeFrom: null } as const;
  expect(await runs.perform(launch, inState(job, run, "starting"))).toEqual({ ok: true });
  await until("its record", () => existsSync(pidRecord(state, run.id)));
  // As a moment before: nothing else of it has been removed.
  rmSync(pidRecord(state, run.id));
  // In the midst of an exec it has no environment.
  await until("its job", () => runsByEnvironment(state, clock.now()).length === 1);
  expect(runs.restore(job, run)).toBe(false);
  expect(existsSync(pidRecord(state, run.id))).toBe(false);
});
