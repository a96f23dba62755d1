/**
 * What the whole supervisor costs while nothing happens: CPU seconds per minute of the process with
 * all its threads and its own helper processes, and its memory. Real supervisor, real jobs that
 * sleep, at 1 Hz with a CPU rule; monit at 1 Hz in the same minute where it is installed.
 */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { RealSupervisor } from "../test/scenarios/real-supervisor.ts";
import type { Measured } from "./run.ts";

const SECONDS = Number(process.env.BENCH_SECONDS ?? 60);
/** Start-up, the compiler's first rounds and housekeeping after many starts are over by then. */
const SETTLE_MS = Number(process.env.BENCH_SETTLE_SECONDS ?? 60) * 1000;
const TICKS_PER_SECOND = 100;

interface Cost {
  cpuSeconds: number;
  rssMiB: number;
  /** Page faults of children that were waited for: any spawned process leaves some. */
  childFaults: number;
}

/** Of one process: fields of /proc/PID/stat (proc(5)), with the time of its children. */
function costOf(pid: number): Cost {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const at = (field: number): number => fields[field - 3] ?? 0;
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  return {
    cpuSeconds: (at(14) + at(15) + at(16) + at(17)) / TICKS_PER_SECOND,
    rssMiB: rss,
    childFaults: at(11),
  };
}

/** Its helper processes: children that run our own code; launchers and jobs are not the supervisor. */
function helpersOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`)
    .flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" "))
    .filter(Boolean)
    .map(Number)
    .filter((child) => readFileSync(`/proc/${child}/cmdline`, "utf8").includes("/dist/"));
}

export async function supervisorWith(
  jobs: number,
  config: Record<string, unknown> = {},
): Promise<Cost & { helpers: number }> {
  const supervisor = new RealSupervisor({
    pollSeconds: 1,
    jobs: Array.from({ length: jobs }, (_, i) => ({
      name: `sleep-${i}`,
      command: ["/bin/sleep", "100000"],
      pause: { method: "freeze" },
    })),
    ...config,
  });
  try {
    await supervisor.start();
    for (let running = 0; running < jobs; await wait(500))
      running = supervisor.snapshot().jobs.filter((job) => job.state === "running").length;
    await wait(SETTLE_MS);
    const pid = supervisor.process?.pid ?? 0;
    const all = [pid, ...helpersOf(pid)];
    const before = all.map(costOf);
    await wait(SECONDS * 1000);
    const after = all.map(costOf);
    const cpu = after.reduce((sum, use, i) => sum + use.cpuSeconds - (before[i]?.cpuSeconds ?? 0), 0);
    return {
      cpuSeconds: (cpu * 60) / SECONDS,
      rssMiB: after.reduce((sum, use) => sum + use.rssMiB, 0),
      childFaults: (after[0]?.childFaults ?? 0) - (before[0]?.childFaults ?? 0),
      helpers: all.length - 1,
    };
  } finally {
    supervisor.say("stop");
    await supervisor.close();
  }
}

async function monit(): Promise<number | null> {
  if (spawnSync("monit", ["-V"], { stdio: "ignore" }).status !== 0) return null;
  const directory = mkdtempSync(join(tmpdir(), "bench-monit-"));
  const rc = join(directory, "monitrc");
  const lines = [
    "set daemon 1",
    `set pidfile ${directory}/pid`,
    `set statefile ${directory}/state`,
    `set idfile ${directory}/id`,
  ];
  writeFileSync(
    rc,
    [
      ...lines,
      "check system here",
      "  if cpu usage > 95% for 3 cycles then alert",
      "  if memory usage > 95% then alert",
      "",
    ].join("\n"),
  );
  chmodSync(rc, 0o600);
  const child = spawn("monit", ["-I", "-c", rc], { stdio: "ignore" });
  try {
    await wait(SETTLE_MS);
    const before = costOf(child.pid ?? 0);
    await wait(SECONDS * 1000);
    return ((costOf(child.pid ?? 0).cpuSeconds - before.cpuSeconds) * 60) / SECONDS;
  } finally {
    child.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  }
}

function besideMonit(jobs: string, ours: number, monits: number | null): Measured[] {
  if (monits === null) return [];
  const two = (seconds: number): string => seconds.toFixed(2);
  return [
    {
      name: `with the guard, ${jobs}, beside monit at 1 Hz`,
      unit: "× monit's CPU",
      value: ours / monits,
      target: 0.5,
      detail: `${two(ours)} s a minute beside ${two(monits)} s, in the same minute; monit has a CPU and a memory rule`,
    },
  ];
}

export async function measure(): Promise<Measured[]> {
  const quiet = { metric: "cpu.others", above: 99, clear: { below: 98 } };
  const notify = [{ name: "cpu", action: "notify", ...quiet }];
  const one = await supervisorWith(1, { rules: notify });
  const hundred = await supervisorWith(100, { rules: notify });
  const guard = { rules: [{ name: "cpu", ...quiet }] };
  // Monit reads every process: it is measured beside each, since a hundred jobs are a hundred processes for it, too.
  const [guarded, beside] = await Promise.all([supervisorWith(1, guard), monit()]);
  const [many, besideMany] = await Promise.all([supervisorWith(100, guard), monit()]);
  const detail = `${SECONDS} s at 1 Hz, all threads and ${one.helpers} helper processes`;
  return [
    { name: "idle, 1 job", unit: "s of CPU a minute", value: one.cpuSeconds, target: 0.15, detail },
    {
      name: "idle, 100 jobs",
      unit: "s of CPU a minute",
      value: hundred.cpuSeconds,
      target: 0.3,
      detail: "target: twice that of 1 job",
    },
    {
      name: "the fast guard, on top",
      unit: "s of CPU a minute",
      value: guarded.cpuSeconds - one.cpuSeconds,
      target: 0.15,
      detail: "every 160 ms, while a CPU rule may pause a running job",
    },
    ...besideMonit("1 job", guarded.cpuSeconds, beside),
    ...besideMonit("100 jobs", many.cpuSeconds, besideMany),
    {
      name: "memory, 1 job",
      unit: "MiB RSS",
      value: one.rssMiB,
      target: 75,
      detail: "with helper processes",
    },
    {
      name: "processes spawned while idle",
      unit: "",
      value: one.childFaults === 0 ? 0 : 1,
      target: 0,
      detail: "no child was waited for",
    },
  ];
}

if (process.argv[1] === import.meta.filename) console.table(await measure());
