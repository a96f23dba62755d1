/**
 * CPU time of one whole tick in-process: real sensors, the real policy, a real database in a temporary
 * folder; runs are looked at through a port that always sees the same healthy job. With 1 job, and
 * with 1,000 known of which one runs.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { clock } from "../src/clock.ts";
import { configSchema, jobSchema } from "../src/config/schema.ts";
import { newJob } from "../src/decide/roster.ts";
import type { Run, Seen } from "../src/model.ts";
import type { Runs, SupervisedJob } from "../src/ports.ts";
import { createJournal } from "../src/record/journal.ts";
import { createSensors } from "../src/sense/sensors.ts";
import { Supervisor } from "../src/supervisor.ts";
import type { Measured } from "./run.ts";

const TICKS = 200;
const WARM_UP = 30;

const healthy = (run: Run): Seen => ({
  pid: process.pid,
  startTime: 1,
  alive: true,
  exit: null,
  leftovers: [],
  ranks: [],
  checkpoints: [],
  rejected: [],
  signalCaught: true,
  stopped: run.number < 0,
});

const sameRuns: Runs = {
  observe: (_, run) => healthy(run),
  checkpoints: () => ({ checkpoints: [], rejected: [] }),
  live: (run, job) => ({ id: run.id, job, launcherPid: null, pid: process.pid, cpuCgroup: null }),
  perform: async () => ({ ok: true }),
  onChange: () => {},
  close: async () => {},
};

/** Mean CPU ms of a tick with `known` jobs, all but one paused by hand. */
async function tickMs(known: number): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "bench-tick-"));
  const file = configSchema.parse({});
  const rules = [{ name: "cpu", metric: "cpu.others", above: 99, clear: { below: 98 }, action: "notify" }];
  const config = {
    ...configSchema.parse({ rules }),
    rules: configSchema.parse({ rules }).rules ?? [],
    balance: file.balance,
    database: join(directory, "db.sqlite"),
    stateDirectory: directory,
    file: null,
    directory,
  };
  const journal = createJournal(config.database, { retention: config.retention });
  const sensors = createSensors({ diskPath: directory, supervisorPid: process.pid });
  const now = clock.now();
  const jobs: Record<string, SupervisedJob> = {};
  for (let i = 0; i < known; i++) {
    const job = newJob(jobSchema.parse({ name: `job-${i}`, command: ["/bin/true"] }), "run", now);
    jobs[job.name] =
      i === 0 ? job : { ...job, manual: { want: "pause", sinceMs: now.wallMs, untilMs: null, by: "bench" } };
  }
  let runs = 0;
  const identity = { bootId: "bench", newRunId: () => `run-${runs++}` };
  const parts = { clock, sensors, journal, runs: sameRuns, identity, wake: () => {} };
  const supervisor = new Supervisor(parts, config, { jobs, events: [], effects: [] });
  let spent = 0;
  for (let i = 0; i < WARM_UP + TICKS; i++) {
    const before = process.cpuUsage();
    supervisor.tick();
    const { user, system } = process.cpuUsage(before);
    if (i >= WARM_UP) spent += (user + system) / 1000;
    await wait(15);
  }
  sensors.close();
  journal.close();
  rmSync(directory, { recursive: true, force: true });
  return spent / TICKS;
}

export async function measure(): Promise<Measured[]> {
  const detail = `mean of ${TICKS} ticks, real sensors, policy and database`;
  return [
    { name: "a tick, 1 job", unit: "ms of CPU", value: await tickMs(1), target: 1, detail },
    { name: "a tick, 1,000 jobs known", unit: "ms of CPU", value: await tickMs(1000), target: 10, detail },
  ];
}

if (process.argv[1] === import.meta.filename) console.table(await measure());
