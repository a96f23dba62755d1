/**
 * A whole supervisor inside the benchmark's own process: real sensors, the real policy, a real
 * database in a temporary folder. Its runs are looked at through a port that always sees the same
 * healthy job: one job runs, all others are paused by hand.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jobSchema } from "../src/config/schema/job-schema.ts";
import { configSchema } from "../src/config/schema/schema.ts";
import { newJob } from "../src/decide/roster.ts";
import type { Job } from "../src/model/job.ts";
import type { Run } from "../src/model/run.ts";
import type { Seen } from "../src/model/seen.ts";
import type { Clock } from "../src/ports/clock.ts";
import type { Runs } from "../src/ports/runs.ts";
import { createJournal } from "../src/record/journal.ts";
import { createSensors } from "../src/sense/sensors.ts";
import { Supervisor } from "../src/tick/supervisor.ts";

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
  service: () => undefined,
  foreignCheckpoints: () => null,
  freeMiB: () => null,
  live: (run, job) => ({ id: run.id, job, launcherPid: null, pid: process.pid, cpuCgroup: null }),
  perform: async () => ({ ok: true }),
  onChange: () => {},
  close: async () => {},
};

/** `clock` may run faster than time does. `scans` false: never looks at all processes, whatever others do. */
export function superviseHere(
  known: number,
  clock: Clock,
  { scans = true } = {},
): { supervisor: Supervisor; close(): void } {
  const directory = mkdtempSync(join(tmpdir(), "bench-tick-"));
  const rules = [{ name: "cpu", metric: "cpu.others", above: 99, clear: { below: 98 }, action: "notify" }];
  const file = configSchema.parse({ rules });
  const config = {
    ...file,
    rules: file.rules ?? [],
    database: join(directory, "db.sqlite"),
    stateDirectory: directory,
    file: null,
    project: "user",
    directory,
  };
  const journal = createJournal(config.database, { retention: config.retention });
  const sensors = createSensors({
    diskPath: directory,
    supervisorPid: process.pid,
    ...(!scans && { hidden: "not measured" }),
  });
  const now = clock.now();
  const jobs: Record<string, Job> = {};
  for (let i = 0; i < known; i++) {
    const job = newJob(jobSchema.parse({ name: `job-${i}`, command: ["/bin/true"] }), "run", now);
    jobs[job.name] =
      i === 0 ? job : { ...job, manual: { want: "pause", sinceMs: now.wallMs, untilMs: null, by: "bench" } };
  }
  let runs = 0;
  const identity = { bootId: "bench", newRunId: () => `run-${runs++}` };
  const parts = { clock, sensors, journal, runs: sameRuns, identity, wake: () => {} };
  return {
    supervisor: new Supervisor(parts, config, { jobs, events: [], effects: [] }),
    close() {
      sensors.close();
      journal.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
