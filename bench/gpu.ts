/**
 * What reading GPUs costs in CPU time, over the fake driver library (needs a C compiler): a full poll
 * of 8 GPUs with 16 processes in the reading process, and in the supervisor a report of them, with
 * ours told from others, and a tick without one. `node bench/gpu.ts` prints it; `measure()` returns it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import type { LiveRun } from "../src/ports/live-run.ts";
import { GpuAttribution } from "../src/sense/gpu/attribute-gpu.ts";
import { openNvml } from "../src/sense/gpu/nvml/read-nvml.ts";
import type { Message } from "../src/sense/gpu/report.ts";
import { ProcessOwners } from "../src/sense/owners/process-owners.ts";
import { FakeNvml } from "../test/fakes/nvml/fake.ts";
import type { Measured } from "./run.ts";

const GPUS = 8;
const PROCESSES = 16;
const ROUNDS = 1000;
const WARM_UP = 200;
const PACE_MS = 1000;
/** Stands for a supervisor: what this process starts isn't its own. */
const NOBODYS_PID = 4_194_303;

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Median CPU ms of a round: rounds are timed in batches, since the clock of CPU time is coarse. */
function cost(round: (i: number) => void): number {
  const batch = 50;
  for (let i = 0; i < WARM_UP; i++) round(i);
  const costs: number[] = [];
  for (let i = 0; i < ROUNDS; i += batch) {
    const before = cpuMs();
    for (let j = 0; j < batch; j++) round(WARM_UP + i + j);
    costs.push((cpuMs() - before) / batch);
  }
  return costs.sort((a, b) => a - b)[Math.floor(costs.length / 2)] ?? Number.NaN;
}

/** A full poll, all that is asked rarely included, with the fake driver's own time in it; and one as they usually are. */
function pollCost(driver: FakeNvml): { full: number; usual: number; driver: number; line: string } {
  process.env.FAKE_NVML_FILE = driver.file;
  const reader = openNvml([driver.library], PACE_MS, null);
  if ("is" in reader) throw new Error(JSON.stringify(reader));
  const out = openSync("/dev/null", "w");
  let line = "";
  let driverMs = 0;
  const poll = (nowMs: number): void => {
    const message = reader.poll(nowMs) as Message;
    if (message.is !== "report") throw new Error(JSON.stringify(message));
    driverMs += message.driverMs;
    line = JSON.stringify(message);
    writeSync(out, `${line}\n`);
  };
  const full = cost((i) => poll(i * 600_000));
  const perFullPoll = driverMs / (ROUNDS + WARM_UP);
  const from = (ROUNDS + WARM_UP) * 600_000;
  const usual = cost((i) => poll(from + i * PACE_MS));
  closeSync(out);
  return { full, usual, driver: perFullPoll, line };
}

export async function measure(): Promise<Measured[]> {
  const sleepers: ChildProcess[] = Array.from({ length: PROCESSES }, () =>
    spawn("sleep", ["1000"], { stdio: "ignore" }),
  );
  const driver = new FakeNvml({
    gpus: Array.from({ length: GPUS }, () => ({ util: 80, used: 9000 })),
    processes: sleepers.map(({ pid }, i) => ({ gpu: i % GPUS, pid: pid ?? 0, memory: 4000, sm: 40 })),
  });
  try {
    const poll = pollCost(driver);
    const runs: LiveRun[] = sleepers.slice(0, GPUS).map(({ pid }, i) => ({
      id: `run-${i}`,
      job: `job-${i}`,
      launcherPid: pid ?? null,
      pid: null,
      cpuCgroup: null,
    }));
    const attribution = new GpuAttribution(new ProcessOwners(NOBODYS_PID), null, () => ({
      ignore: ["Xorg"],
      ignoreGpuBelow: 30,
    }));
    const report = cost(() => attribution.samples(JSON.parse(poll.line), runs));
    const known = JSON.parse(poll.line);
    const tick = cost(() => attribution.samples(known, runs));
    attribution.close();
    const ms = (name: string, value: number, target: number | null, detail: string): Measured => ({
      name,
      unit: "ms of CPU",
      value: Math.round(value * 1000) / 1000,
      target,
      detail,
    });
    const machine = `${GPUS} GPUs, ${PROCESSES} processes`;
    return [
      ms(
        "GPU poll, everything due, in the reading process",
        poll.full,
        1,
        `${machine}; the fake driver's own time included`,
      ),
      ms("GPU poll as usual, in the reading process", poll.usual, null, machine),
      ms("of a full poll, inside calls", poll.driver, null, "the fake driver and the way to it"),
      ms("GPU report in the supervisor", report, 0.2, `${machine}; once a poll`),
      ms("tick without a new report", tick, 0.2, machine),
    ];
  } finally {
    driver.close();
    for (const sleeper of sleepers) sleeper.kill("SIGKILL");
  }
}

if (process.argv[1] === import.meta.filename) console.table(await measure());
