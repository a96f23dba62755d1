/**
 * What a cluster costs the supervisor at 1,000 jobs at once, far more than it was made for: CPU time of one look at all runs
 * (by their files), of reading `squeue --json`, and of deciding; where Slurm is installed, what squeue itself takes for so
 * many. `npm run bench -- scale` prints it; docs/scale.md tells what follows from it.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jobSchema } from "../src/config/schema/job-schema.ts";
import { configSchema } from "../src/config/schema/schema.ts";
import { decide } from "../src/decide/policy.ts";
import { newJob } from "../src/decide/roster.ts";
import { newWorld } from "../src/decide/world.ts";
import { launcherRecord, runDirectory, statusDirectory } from "../src/files/state-paths.ts";
import type { Job } from "../src/model/job.ts";
import { MACHINE_METRICS, type Sample } from "../src/model/machine.ts";
import type { Run } from "../src/model/run.ts";
import type { Now } from "../src/model/time.ts";
import type { Checkpoints } from "../src/runs/checkpoints/find-checkpoints.ts";
import { FollowedOnSlurm } from "../src/runs/slurm/followed-slurm.ts";
import { observeOnSlurm } from "../src/runs/slurm/observe-slurm.ts";
import { parseQueue } from "../src/runs/slurm/queue-entry.ts";
import { writeRunsJob } from "../src/runs/slurm/submission.ts";
import { slurm } from "../test/needs.ts";
import { Cluster } from "../test/slurm/cluster.ts";
import { entryOf } from "./queue-entries.ts";
import type { Measured } from "./run.ts";

const JOBS = 1000;
/** The first looks belong to the compiler. */
const WARM_UP = 20;
const LOOKS = 50;
const START: Now = { wallMs: Date.UTC(2026, 10, 23, 10), monotonicMs: 1_000_000 };

export async function measure(): Promise<Measured[]> {
  const rows = [...observing(), reading(JOBS), reading(10 * JOBS), deciding()];
  return slurm.met ? [...rows, ...(await asking())] : rows;
}

const row = (name: string, value: number, unit: string, detail: string): Measured => ({
  name,
  unit,
  value: Number(value.toPrecision(3)),
  target: null,
  detail,
});

/** Mean CPU time of `act`, in ms. `before` isn't counted. */
function cpuMs(act: (at: number) => void, before: (at: number) => void = () => {}): number {
  let spent = 0;
  for (let at = 0; at < WARM_UP + LOOKS; at += 1) {
    before(at);
    const begun = process.cpuUsage();
    act(at);
    const { user, system } = process.cpuUsage(begun);
    if (at >= WARM_UP) spent += (user + system) / 1000;
  }
  return spent / LOOKS;
}

const nameOf = (at: number): string => `job-${at}`;
const run = (at: number): Run => ({
  id: nameOf(at),
  number: 1,
  startedAt: START,
  pid: null,
  startTime: null,
  bootId: "b",
  resumedFrom: null,
  resumedAtStep: 0,
  gpus: [],
  sequence: 0,
  slurm: { id: at + 1, state: "running", nodes: `n${at}`, begunAt: START },
});

function working(at: number): Job {
  const spec = jobSchema.parse({ name: nameOf(at), command: ["x"], executor: { kind: "slurm" } });
  const job = newJob(spec, "config", START);
  return { ...job, understands: "contract", runs: 1, state: { name: "running", since: START, run: run(at) } };
}

/** One look at 1,000 runs with real files: none of them changed, and each with a new report. */
function observing(): Measured[] {
  const state = mkdtempSync(join(tmpdir(), "bench-scale-"));
  const all = Array.from({ length: JOBS }, (_, at) => {
    const job = working(at);
    mkdirSync(statusDirectory(state, nameOf(at)), { recursive: true });
    mkdirSync(runDirectory(state, nameOf(at)), { recursive: true });
    writeFileSync(launcherRecord(state, nameOf(at)), "1 1\n");
    writeRunsJob(state, nameOf(at), at + 1);
    return { job, run: run(at), known: new FollowedOnSlurm(state, nameOf(at)) };
  });
  const entries = parseQueue(JSON.stringify({ jobs: all.map((_, at) => entryOf(at)), errors: [] }));
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const none = { of: () => ({ checkpoints: [], rejected: [] }) } as unknown as Checkpoints;
  const look = (): void => {
    const view = { beganMs: Number.POSITIVE_INFINITY, byId, byToken: new Map() };
    for (const { job, run, known } of all) observeOnSlurm(job, run, known, { view, silence: null }, none);
  };
  const report = (step: number): void => {
    for (let at = 0; at < JOBS; at += 1)
      writeFileSync(
        join(statusDirectory(state, nameOf(at)), "rank-0.json"),
        JSON.stringify({
          runId: nameOf(at),
          pid: 1,
          rank: 0,
          worldSize: 1,
          state: "running",
          sequence: 0,
          step,
          metrics: { loss: 1 / (step + 1) },
          at: new Date().toISOString(),
        }),
      );
  };
  report(0);
  const quiet = cpuMs(look);
  const busy = cpuMs(look, report);
  rmSync(state, { recursive: true });
  return [
    row(
      "observe, 1,000 runs on Slurm, unchanged",
      quiet,
      "ms CPU",
      "one look at each run's files and its entry in the queue",
    ),
    row(
      "observe, 1,000 runs on Slurm, each with a new report",
      busy,
      "ms CPU",
      "as above; local disk, so a network's round trips come on top",
    ),
  ];
}

/** What the answer of squeue costs us. */
function reading(jobs: number): Measured {
  const text = JSON.stringify({ jobs: Array.from({ length: jobs }, (_, at) => entryOf(at)), errors: [] });
  const name = `read squeue --json of ${jobs.toLocaleString("en")} jobs`;
  return row(
    name,
    cpuMs(() => parseQueue(text)),
    "ms CPU",
    `${(text.length / 2 ** 20).toFixed(1)} MiB, at most every 5 s while nothing is awaited`,
  );
}

function deciding(): Measured {
  const file = configSchema.parse({
    rules: [{ name: "others", metric: "slurm.pendingOthers", above: 0.5, clear: { below: 0.5 } }],
  });
  const places = { database: "", stateDirectory: "", file: null, project: "user", directory: "" };
  const config = { ...file, rules: file.rules ?? [], ...places };
  const unavailable = { unavailable: "not here" };
  const machine = Object.fromEntries(
    MACHINE_METRICS.map((metric) => [metric, unavailable]),
  ) as Sample["machine"];
  const mode = { stopping: false, journalHealthy: true };
  let world = newWorld(
    Object.fromEntries(Array.from({ length: JOBS }, (_, at) => [nameOf(at), working(at)])),
  );
  const spent = cpuMs((at) => {
    const now: Now = { wallMs: START.wallMs + at * 1000, monotonicMs: START.monotonicMs + at * 1000 };
    const queue = { value: 0, atMs: now.monotonicMs };
    const readings = { ...machine, "slurm.pendingOthers": queue };
    const sample = {
      at: now,
      machine: readings,
      gpus: [],
      gpusUnavailable: "no GPU was found",
      runs: {},
      foreign: [],
    };
    world = decide(world, { sample, windows: [], config, now, mode }).world;
  });
  return row(
    "decide, 1,000 working jobs on Slurm",
    spent,
    "ms CPU",
    "one rule about others in the queue; a quiet tick",
  );
}

/** A real controller that holds 1,000 of our jobs. */
async function asking(): Promise<Measured[]> {
  const cluster = await new Cluster().start("MaxJobCount=20000");
  try {
    const submit = `for i in $(seq ${JOBS}); do sbatch --hold --comment="gpu-job-supervisor t$i" -o/dev/null --wrap=true; done`;
    cluster.ask("sh", "-c", submit);
    const took: number[] = [];
    let text = "";
    for (let at = 0; at < 5; at += 1) {
      const begun = performance.now();
      text = cluster.ask("squeue", "--json", "--me", "--states=all");
      took.push(performance.now() - begun);
    }
    const median = took.sort((a, b) => a - b)[2] ?? 0;
    const size = `${parseQueue(text).length} entries, ${(text.length / 2 ** 20).toFixed(1)} MiB; median of 5, in a child, beside the tick`;
    return [row("squeue --json of 1,000 jobs, a real controller", median, "ms", size)];
  } finally {
    await cluster.stop();
  }
}
