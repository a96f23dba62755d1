/**
 * What asking costs: `job.shouldPause()` in a training loop, beside the ways it could have been
 * done, and `should_pause()` in Python. Runs by itself (`node bench/should-pause.ts`) and as a part of bench/run.ts. The machine may
 * be busy, so each figure is the least of several rounds.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Surroundings } from "../src/job/environment.ts";
import { Job } from "../src/job/job.ts";
import { readControl } from "../src/job/report/read-control.ts";
import { pythonPath } from "../test/python-path.ts";
import type { Measured } from "./run.ts";

const ROUNDS = 15;
const CALLS = 5_000_000;

/** Nanoseconds per call of the quickest round. Each subject is called from a loop of its own, as in a program. */
function nanoseconds(subject: () => unknown, calls: number): number {
  // A fresh function for each subject, so that one subject's types don't slow the next one's loop.
  const loop = new Function(
    "subject",
    "calls",
    "let seen = 0; while (calls-- > 0) if (subject()) seen++; return seen;",
  );
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const from = process.hrtime.bigint();
    loop(subject, calls);
    least = Math.min(least, Number(process.hrtime.bigint() - from) / calls);
  }
  return Math.round(least * 100) / 100;
}

async function nanosecondsAwaited(subject: (i: number) => Promise<unknown>, calls: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const from = process.hrtime.bigint();
    for (let i = 1; i <= calls; i++) await subject(i);
    least = Math.min(least, Number(process.hrtime.bigint() - from) / calls);
  }
  return Math.round(least);
}

/** In Python's own stopwatch, supervised: as a function bound to a name, and by way of the job. */
const IN_PYTHON = `
import timeit
from supervisor_job import job, should_pause
for call in ("should_pause()", "job.should_pause()"):
    print(min(timeit.repeat(call, globals=globals(), number=1_000_000, repeat=${ROUNDS})) * 1000)
print(__import__("platform").python_version())
`;

function inPython(folder: string): Measured[] {
  const env = {
    ...process.env,
    PYTHONPATH: resolve("python"),
    SUPERVISOR_JOB: "bench",
    SUPERVISOR_RUN_ID: "bench",
    SUPERVISOR_STATUS_DIR: folder,
    SUPERVISOR_CHECKPOINT_DIR: folder,
  };
  const said = execFileSync(pythonPath, ["-c", IN_PYTHON], { env, encoding: "utf8" });
  const [bound, attribute, version] = said.trim().split("\n");
  const detail = `Python ${version}, least of ${ROUNDS} rounds, loop included`;
  const figure = (name: string, ns: string | undefined): Measured => ({
    name,
    unit: "ns",
    value: Math.round(Number(ns) * 10) / 10,
    target: 60,
    detail,
  });
  return [figure("should_pause(), supervised", bound), figure("job.should_pause()", attribute)];
}

export async function measure(): Promise<Measured[]> {
  const folder = mkdtempSync(join(tmpdir(), "should-pause-"));
  const control = join(folder, "control.json");
  writeFileSync(control, '{"sequence":1,"want":"run"}');
  const where: Surroundings = {
    job: "bench",
    runId: "bench",
    statusDir: folder,
    checkpointDir: folder,
    resumeFrom: null,
    pauseSignal: "SIGUSR2",
    checkpointEveryMs: Number.POSITIVE_INFINITY,
    keep: 3,
    rank: 0,
    worldSize: 1,
  };
  const job = new Job(where);
  const alone = new Job(null);
  const field = { wanted: false };
  const figure = (name: string, value: number, target: number | null, detail: string): Measured => ({
    name,
    unit: "ns",
    value,
    target,
    detail,
  });
  try {
    return [
      figure(
        "shouldPause(), supervised",
        nanoseconds(() => job.shouldPause(), CALLS),
        10,
        "least of 15 rounds, loop included",
      ),
      figure(
        "shouldPause(), by hand",
        nanoseconds(() => alone.shouldPause(), CALLS),
        10,
        "no supervisor's environment",
      ),
      ...inPython(folder),
      figure(
        "a bare field, for comparison",
        nanoseconds(() => field.wanted, CALLS),
        null,
        "blind in a loop that never yields",
      ),
      figure(
        "the clock at every call",
        nanoseconds(() => performance.now() < 0, CALLS / 10),
        null,
        "what the call counter avoids",
      ),
      figure(
        "control.json at every call",
        nanoseconds(() => readControl(control) === "missing", 2000),
        null,
        "what the 200 ms avoid",
      ),
      figure(
        "await job.step()",
        await nanosecondsAwaited((i) => job.step(i, { loss: 1 }), 50_000),
        null,
        "with its yields and status files",
      ),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  for (const { name, value, unit, target, detail } of await measure())
    console.log(
      `${name.padEnd(32)} ${String(value).padStart(10)} ${unit}  target ${String(target ?? "–").padEnd(5)} ${detail}`,
    );
}
