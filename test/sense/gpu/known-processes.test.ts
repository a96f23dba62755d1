/** What is remembered of processes on a GPU, and when it is looked up again. */
import { type ChildProcess, spawn } from "node:child_process";
import { afterEach, expect, it } from "vitest";
import { ENV } from "../../../src/contract/names.ts";
import { KnownProcesses } from "../../../src/sense/gpu/known-processes.ts";
import { ProcessOwners } from "../../../src/sense/owners/process-owners.ts";
import { namedRun } from "../../../src/sense/owners/run-marks.ts";
import { readStat } from "../../../src/sense/proc/process.ts";
import { until } from "../../until.ts";

/** A pid that no process has: what this process starts isn't the supervisor's own. */
const SUPERVISOR = 4_194_303;

const processes = new KnownProcesses(new ProcessOwners(SUPERVISOR));
let shell: ChildProcess | null = null;
afterEach(() => {
  processes.close();
  shell?.kill("SIGKILL");
});

it("a stranger that executes another program is described and attributed anew", async () => {
  shell = spawn("/bin/sh", ["-c", `read go; export ${ENV.runId}=run-1; exec sleep 1000`], {
    env: { PATH: process.env.PATH ?? "" },
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  const pid = shell.pid as number;
  const run = { id: "run-1", job: "train", launcherPid: null, pid: null, cpuCgroup: null };
  const known = () => processes.look([pid], [run], []).get(pid);
  await until("the shell", () => readStat(pid)?.name === "sh" && namedRun(pid) === null);
  expect(known()).toMatchObject({ owner: "foreign", names: ["sh", "sh"] });
  expect(known()).toBe(known());
  shell.stdin?.write("go\n");
  await until("its exec", () => namedRun(pid) === "run-1");
  expect(known()).toMatchObject({
    owner: { run: "run-1" },
    names: ["sleep", "sleep"],
    evidence: { command: "sleep 1000" },
  });
});

it("a stranger that a run takes in, such as a service that was there before it, is the run's from then on", async () => {
  shell = spawn("/bin/sh", ["-c", "read go; sleep 1000"], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  const pid = shell.pid as number;
  const run = { id: "run-2", job: "llm", launcherPid: null, pid: null, cpuCgroup: null };
  await until("the shell", () => readStat(pid)?.name === "sh" && namedRun(pid) === null);
  const owners = () => processes.look([pid], [run], []).get(pid)?.owner;
  for (let look = 0; look < 3; look++) expect(owners()).toBe("foreign");
  const found = { ...run, pid };
  expect(processes.look([pid], [found], []).get(pid)?.owner).toEqual({ run: "run-2" });
});

it("a run's process that has ended while nothing could be read is still the run's when it is listed again", async () => {
  shell = spawn("sleep", ["1000"], {
    env: { PATH: process.env.PATH ?? "", [ENV.runId]: "run-3" },
    stdio: "ignore",
    detached: true,
  });
  const pid = shell.pid as number;
  const run = { id: "run-3", job: "train", launcherPid: null, pid: null, cpuCgroup: null };
  await until("its program", () => namedRun(pid) === "run-3");
  expect(processes.look([pid], [run], []).get(pid)?.owner).toEqual({ run: "run-3" });
  expect(processes.look([], [run], []).size).toBe(0);
  shell.kill("SIGKILL");
  await until("its end", () => readStat(pid) === null);
  expect(processes.look([pid], [run], []).get(pid)?.owner).toEqual({ run: "run-3" });
  // Once its run is no more, it is nobody's.
  processes.look([], [], []);
  expect(processes.look([pid], [], []).size).toBe(0);
});
