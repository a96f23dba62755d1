/** Covers: src/runs/clean-up/tidy.ts, src/runs/launch/run-record.ts */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { prepareStateDirectory } from "../../../src/files/state-directory.ts";
import { pidRecord, runDirectory, runRecord } from "../../../src/files/state-paths.ts";
import { Refusal } from "../../../src/refusal.ts";
import { sweep } from "../../../src/runs/clean-up/sweep.ts";
import { readStat } from "../../../src/sense/proc/process.ts";
import { givenJob, givenState, start, until } from "../given.ts";

let state: string;
let child: ChildProcess | null = null;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "sweep-"));
  prepareStateDirectory(state);
});
afterEach(() => {
  child?.kill("SIGKILL");
  child = null;
  rmSync(state, { recursive: true, force: true });
});

test("a dead unknown run goes, a known one and one that is alive stay", async () => {
  for (const id of ["dead", "known", "alive"]) mkdirSync(runDirectory(state, id));
  child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  const stat = readFileSync(`/proc/${child.pid}/stat`, "utf8");
  const startTime = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  writeFileSync(pidRecord(state, "alive"), `${child.pid} ${startTime} ${boot}\n`);
  writeFileSync(pidRecord(state, "dead"), `${child.pid} 1 ${boot}\n`);

  expect(await sweep(state, new Set(["known"]))).toEqual([{ id: "alive", record: null }]);
  expect(["dead", "known", "alive"].map((id) => existsSync(runDirectory(state, id)))).toEqual([
    false,
    true,
    true,
  ]);
});

test("a process of this boot isn't the run of an earlier one, though pid and start time are the same", async () => {
  child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  const startTime = readStat(child.pid as number)?.startTime;
  const another = "5d0f9c1e-7e55-4b1c-9a0e-2f61b7a1c0de";
  for (const [id, name] of [
    ["main", "pid"],
    ["launcher", "launcher"],
    ["former", "claim"],
  ] as const) {
    mkdirSync(runDirectory(state, id));
    writeFileSync(join(runDirectory(state, id), name), `${child.pid} ${startTime} ${another}\n`);
  }
  expect(await sweep(state, new Set())).toEqual([]);
  for (const id of ["main", "launcher", "former"]) expect(existsSync(runDirectory(state, id))).toBe(false);
});

test("an unknown run that is alive says whose it is, and the last word that it was given", async () => {
  const of = givenState();
  const it = await start(of, givenJob(["sleep", "300"]));
  await until("its pid", () => it.see().pid);
  await it.ask("pause", 7);
  const { job, run } = it;
  const program = expect.stringMatching(/\/sleep$/);
  const record = { job: job.name, run: { ...run, sequence: 7 }, program };
  expect(await sweep(of, new Set())).toEqual([{ id: run.id, record }]);
  writeFileSync(runRecord(of, run.id), '{"job": "jo');
  expect(await sweep(of, new Set())).toEqual([{ id: run.id, record: null }]);
});

test("runs that can't be listed are told, and are no bug", async () => {
  const runs = join(state, "runs");
  rmSync(runs, { recursive: true });
  writeFileSync(runs, "");
  const swept = sweep(state, new Set());
  await expect(swept).rejects.toThrow(`${runs} can't be read: ENOTDIR`);
  await expect(swept).rejects.toBeInstanceOf(Refusal);
});
