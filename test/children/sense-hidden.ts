/**
 * Samples beside a job of its own, a line of JSON each quarter of a second. `node sense-hidden.ts FORM TOKEN`: the
 * forms of sense-job.ts. For a user from whom others' processes are hidden. Ends with its standard input.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { clock } from "../../src/clock.ts";
import type { LiveRun } from "../../src/ports/live-run.ts";
import { createSensors } from "../../src/sense/sensors.ts";

// It ends all that its user may signal.
if (process.getuid?.() === 0) throw new Error("not for root");

const [form = "", token = ""] = process.argv.slice(2);
const id = `run-${token}`;
// A process that stands for the supervisor, so that the job isn't its helper.
const supervisor = spawn("sleep", ["1000"], { stdio: "ignore" });
const job = new URL("sense-job.ts", import.meta.url).pathname;
const child: ChildProcess = spawn(process.execPath, [job, form, token], {
  detached: true,
  stdio: "ignore",
  env: { ...process.env, SUPERVISOR_RUN_ID: id },
});
const run: LiveRun = { id, job: form, launcherPid: null, pid: child.pid ?? null, cpuCgroup: null };
const sensors = createSensors({ diskPath: "/", supervisorPid: supervisor.pid ?? 0, hidden: null });

setInterval(() => {
  const { machine, runs, foreign } = sensors.sample([run], clock.now());
  const { "cpu.others": others, "cpu.total": total } = machine;
  process.stdout.write(`${JSON.stringify({ others, total, ours: runs[id]?.cpuPercent, foreign })}\n`);
}, 250);
// All of the job are this user's processes, and nobody else's: all but this one get the signal.
process.stdin.resume().on("end", () => {
  process.kill(-1, "SIGKILL");
  process.exit();
});
