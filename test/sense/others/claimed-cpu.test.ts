/**
 * CPU use of another user's supervised job isn't others' use, nor doubt; without a claim, or with a forged
 * one, it is. Compared with who is named, since the machine may be busy with anything.
 * Covers: src/sense/others/attribute-cpu.ts, src/sense/owners/claimed-processes.ts.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { afterEach, expect, it } from "vitest";
import { clock } from "../../../src/clock.ts";
import type { Claim, Reading, Sample } from "../../../src/model/machine.ts";
import type { Sensors } from "../../../src/ports/sensors.ts";
import { readStat } from "../../../src/sense/proc/process.ts";
import { createSensors } from "../../../src/sense/sensors.ts";
import { describeWith, root } from "../../needs.ts";
import { until } from "../../until.ts";

const JOB = new URL("../../children/sense-job.ts", import.meta.url).pathname;
const BOB = 1001;
const EVE = 1002;
/** Named at most; on a machine with more greedy strangers than that the rest is proven, too. */
const MOST_NAMED = 10;

const children: ChildProcess[] = [];
let sensors: Sensors;
afterEach(() => {
  sensors.close();
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** A job of Bob's that keeps a core busy, and samples of a supervisor that knows of it by this claim. */
function begin(uid: number | null): { pid: number; token: string } {
  const token = `claimed-${process.pid}-${Math.random().toString(36).slice(2)}`;
  const user = { uid: BOB, gid: BOB };
  const job = spawn(process.execPath, [JOB, "a plain loop", token], { ...user, stdio: "ignore" });
  // It stands for the supervisor: what this test starts isn't its helper.
  const supervisor = spawn("sleep", ["1000"], { stdio: "ignore" });
  children.push(job, supervisor);
  const pid = job.pid as number;
  const claims = (): Claim[] => {
    const startTime = readStat(pid)?.startTime ?? null;
    const times = { sinceMs: 1, readyMs: null };
    const holder = { id: "x", user: "bob", job: "loop", gpus: [], holds: true, pids: [{ pid, startTime }] };
    return uid === null ? [] : [{ ...holder, ...times, uid }];
  };
  sensors = createSensors({
    diskPath: "/",
    supervisorPid: supervisor.pid as number,
    hidden: null,
    claims,
  });
  return { pid, token };
}

const figure = (reading: Reading | undefined): { value: number; upTo: number } => {
  if (!reading || "unavailable" in reading) throw new Error(reading?.unavailable ?? "no reading");
  return { value: reading.value, upTo: reading.upTo ?? reading.value };
};

/** Samples until `enough`, a quarter of a second apart. */
async function watch(enough: (samples: Sample[]) => boolean): Promise<Sample[]> {
  const samples: Sample[] = [];
  await until(
    "enough samples",
    () => {
      const sample = sensors.sample([], clock.now());
      if ("value" in sample.machine["cpu.others"]) samples.push(sample);
      return enough(samples);
    },
    { everyMs: 250 },
  );
  return samples;
}

const isNamed = ({ foreign }: Sample, token: string): boolean =>
  foreign.some(({ command, cpuPercent = 0 }) => command.includes(token) && cpuPercent > 1);

describeWith(root)("a job of another user that keeps a core busy", () => {
  it("isn't others when its owner claims it, in what is proven and in what might be", async () => {
    const { pid, token } = begin(BOB);
    const ticks = (): number => readStat(pid)?.own ?? 0;
    await watch((seen) => seen.length >= 3);
    const before = { ticks: ticks(), atMs: performance.now() };
    const samples = await watch((seen) => seen.length >= 12);
    const percentOfCore = (100 * (ticks() - before.ticks) * 10) / (performance.now() - before.atMs);
    // A check that can fail: it did work all the time.
    expect(percentOfCore).toBeGreaterThan(4);
    for (const sample of samples) {
      expect(isNamed(sample, token)).toBe(false);
      const named = sample.foreign.reduce((sum, { cpuPercent = 0 }) => sum + cpuPercent, 0);
      if (sample.foreign.length < MOST_NAMED)
        expect(figure(sample.machine["cpu.others"]).value).toBeLessThanOrEqual(named + 2);
    }
    // What might be others' at most leaves out what the job was seen to use.
    const total = ({ machine }: Sample): number => figure(machine["cpu.total"]).value;
    const lessThanTotal = samples.filter(
      (sample) => figure(sample.machine["cpu.others"]).upTo < total(sample) - 1,
    );
    expect(lessThanTotal.length).toBeGreaterThan(samples.length / 2);
  });

  it.each([
    ["nobody claims it", null],
    ["somebody else claims it", EVE],
  ])("is others when %s", async (_, uid) => {
    const { token } = begin(uid);
    await watch((seen) => seen.some((sample) => isNamed(sample, token)));
  });
});
