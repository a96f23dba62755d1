/**
 * CPU use of our own jobs never counts as others', in whatever form, with and without a cgroup; an
 * outsider's is proven and named. Real processes beside whatever else the machine does, so every check
 * compares with figures taken another way or with who is named.
 * Covers: src/sense/others/attribute-cpu.ts, src/sense/others/cpu-window.ts,
 * src/sense/others/scan-processes.ts, src/sense/owners/process-tree.ts.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { clock } from "../../../src/clock.ts";
import type { Reading, Sample } from "../../../src/model/machine.ts";
import type { LiveRun } from "../../../src/ports/live-run.ts";
import type { Sensors } from "../../../src/ports/sensors.ts";
import { readStat } from "../../../src/sense/proc/process.ts";
import { createSensors } from "../../../src/sense/sensors.ts";
import { cpuCgroup, describeWith, testWith } from "../../needs.ts";
import { until } from "../../until.ts";

const FORMS = [
  "a plain loop",
  "a shell loop of short commands",
  "loaders restarted each epoch",
  "a double fork",
  "SIGCHLD ignored",
  "a daemonised worker",
  "children of a thread",
];
const JOB = new URL("../../children/sense-job.ts", import.meta.url).pathname;
const ROOT = "/sys/fs/cgroup/cpuacct";

let count = 0;
const tokens: string[] = [];
const children: ChildProcess[] = [];
const groups: string[] = [];
let sensors: Sensors | null = null;

const newToken = (): string => {
  const token = `sense-token-${process.pid}-${count++}`;
  tokens.push(token);
  return token;
};

/** A process that stands for the supervisor, so that what this test starts isn't its helper. */
function startSensors(): Sensors {
  const supervisor = spawn("sleep", ["1000"], { stdio: "ignore" });
  children.push(supervisor);
  sensors = createSensors({ diskPath: "/", supervisorPid: supervisor.pid ?? 0, hidden: null });
  return sensors;
}

function startJob(form: string, token: string, cpuCgroup: string | null): LiveRun {
  const id = `run-${token}`;
  const argv = [JOB, form, token, ...(cpuCgroup ? [cpuCgroup] : [])];
  const env = { ...process.env, SUPERVISOR_RUN_ID: id };
  const child = spawn(process.execPath, argv, { detached: true, stdio: "ignore", env });
  children.push(child);
  return { id, job: form, launcherPid: child.pid ?? null, pid: child.pid ?? null, cpuCgroup };
}

function makeCgroup(): string {
  const directory = `${ROOT}/gpu-job-supervisor-test-${process.pid}-${count++}`;
  mkdirSync(directory);
  groups.push(directory);
  return directory;
}

const commandOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
};
const withToken = (token: string): number[] =>
  readdirSync("/proc").flatMap((pid) =>
    /^\d+$/.test(pid) && commandOf(pid).includes(token) ? [Number(pid)] : [],
  );

afterEach(async () => {
  sensors?.close();
  sensors = null;
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const token of tokens.splice(0)) {
    await until("the end of its processes", () => {
      const left = withToken(token);
      for (const pid of left) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It has ended meanwhile.
        }
      }
      return left.length === 0;
    });
  }
  for (const directory of groups.splice(0)) {
    await until("its cgroup to be empty", () => {
      try {
        rmdirSync(directory);
        return true;
      } catch {
        return false;
      }
    });
  }
});

const figure = (reading: Reading | undefined): number => {
  if (!reading || "unavailable" in reading) throw new Error(reading?.unavailable ?? "no reading");
  return reading.value;
};

/** Samples until `enough`, a quarter of a second apart. */
async function watch(run: LiveRun[], enough: (samples: Sample[]) => boolean): Promise<Sample[]> {
  const samples: Sample[] = [];
  if (!sensors) throw new Error("no sensors");
  sensors.sample(run, clock.now());
  await until(
    "enough samples",
    () => {
      const sample = sensors?.sample(run, clock.now());
      // The first window is too short to mean anything.
      if (sample && "value" in sample.machine["cpu.others"]) samples.push(sample);
      return enough(samples);
    },
    { everyMs: 250 },
  );
  return samples;
}

describe.each(FORMS)("without a cgroup, %s", (form) => {
  it("is never evidence against others, nor part of what is proven of them", async () => {
    startSensors();
    const token = newToken();
    const run = startJob(form, token, null);
    await until("the job", () => withToken(token).length > 0);
    const samples = await watch([run], (seen) => seen.length >= 8);
    for (const { foreign, machine } of samples) {
      expect(foreign.map(({ command }) => command).filter((command) => command.includes(token))).toEqual([]);
      const named = foreign.reduce((all, { cpuPercent }) => all + (cpuPercent ?? 0), 0);
      // Ten are named; on a machine with more greedy strangers than that the rest is proven, too.
      if (foreign.length < 10) expect(figure(machine["cpu.others"])).toBeLessThanOrEqual(named + 2);
    }
    // Orphans of the job end at pid 1, which may be charged for its own work alone: in one window that may be much.
    const charged = samples.map(({ foreign }) => foreign.find(({ pid }) => pid === 1)?.cpuPercent ?? 0);
    expect(charged.reduce((all, percent) => all + percent, 0) / charged.length).toBeLessThan(8);
    expect(Math.max(...charged)).toBeLessThan(40);
  });
});

describeWith(cpuCgroup).each(FORMS)(
  `in a cgroup (${cpuCgroup.met ? "v1" : cpuCgroup.reason}), %s`,
  (form) => {
    it("leaves others no more than what the other cgroups have used", async () => {
      startSensors();
      const token = newToken();
      const group = makeCgroup();
      const run = startJob(form, token, group);
      const usedMs = (directory: string): number =>
        Number(readFileSync(`${directory}/cpuacct.usage`, "utf8")) / 1e6;
      await until("the job", () => withToken(token).length > 0);
      await watch([run], (seen) => seen.length >= 1);
      const from = { all: usedMs(ROOT), ours: usedMs(group), atMs: performance.now() };
      // Long enough that the 10 ms ticks of one clock and the nanoseconds of the other come to the same.
      const seen = await watch([run], (samples) => samples.length > 24);
      const to = { all: usedMs(ROOT), ours: usedMs(group), atMs: performance.now() };
      const processors = readFileSync("/proc/stat", "utf8").match(/^cpu\d+ /gm)?.length ?? 1;
      // The window of the first one began before `from`, when this test was looking for its job.
      const samples = seen.slice(1);
      const machineMs = (to.atMs - from.atMs) * processors;
      const othersPercent = (100 * (to.all - from.all - (to.ours - from.ours))) / machineMs;
      const oursPercent = (100 * (to.ours - from.ours)) / machineMs;
      const mean =
        samples.reduce((all, { machine }) => all + figure(machine["cpu.others"]), 0) / samples.length;
      expect(mean).toBeLessThanOrEqual(othersPercent + 6);
      // A check that can fail: the job does use the machine, and that is what must not show.
      expect(oursPercent).toBeGreaterThan(8);
      for (const { foreign } of samples) {
        expect(foreign.filter(({ command }) => command.includes(token))).toEqual([]);
      }
    });
  },
);

describeWith(cpuCgroup)("a job that isn't in its cgroup", () => {
  it("isn't taken for others either", async () => {
    startSensors();
    const token = newToken();
    const run = { ...startJob("a plain loop", token, null), cpuCgroup: makeCgroup() };
    // A process that has hardly worked may be on its way into the cgroup.
    await until("the job at work", () => (readStat(run.pid ?? 0)?.own ?? 0) >= 25);
    const samples = await watch([{ ...run, launcherPid: null }], (seen) => seen.length >= 8);
    // The first looks can't know of it.
    for (const { foreign, machine } of samples.slice(2)) {
      expect(foreign.filter(({ command }) => command.includes(token))).toEqual([]);
      const named = foreign.reduce((all, { cpuPercent }) => all + (cpuPercent ?? 0), 0);
      if (foreign.length < 10) expect(figure(machine["cpu.others"])).toBeLessThanOrEqual(named + 2);
    }
  });
});

describe.each([null, "a cgroup"])("an outsider beside a run with %s", (grouped) => {
  const need = grouped === null ? { met: true, reason: "" } : cpuCgroup;
  testWith(need)("is proven and named", async () => {
    startSensors();
    const run = startJob("a plain loop", newToken(), grouped && makeCgroup());
    const token = newToken();
    children.push(spawn(process.execPath, [JOB, "a plain loop", token], { stdio: "ignore" }));
    const named = (sample?: Sample) => sample?.foreign.find(({ command }) => command.includes(token));
    // One window may lose its ticks: named and proven in one and the same sample, whichever that is.
    const isProven = (sample?: Sample): boolean =>
      (named(sample)?.cpuPercent ?? 0) > 10 && figure(sample?.machine["cpu.others"]) > 8;
    const samples = await watch([run], (seen) => isProven(seen.at(-1)));
    expect(named(samples.at(-1))).toMatchObject({ user: expect.any(String), startTime: expect.any(Number) });
  });

  testWith(need)("is proven by the commands that its shell has waited for", async () => {
    startSensors();
    const run = startJob("a daemonised worker", newToken(), grouped && makeCgroup());
    const token = newToken();
    children.push(
      spawn(process.execPath, [JOB, "a shell loop of short commands", token], { stdio: "ignore" }),
    );
    await watch([run], (seen) => {
      const named = seen.at(-1)?.foreign.filter(({ command }) => command.includes(token)) ?? [];
      return named.reduce((all, { cpuPercent }) => all + (cpuPercent ?? 0), 0) > 10;
    });
  });
});

describe("time of niced outsiders", () => {
  it("can be left out", async () => {
    startSensors();
    const run = startJob("a plain loop", newToken(), null);
    const token = newToken();
    children.push(
      spawn("nice", ["-n", "19", process.execPath, JOB, "a shell loop of short commands", token]),
    );
    // A look at the CPU and a look at its processes aren't of the same moment: what is proven may lag by one.
    const leftOut = ({ foreign, machine, withoutNice }: Sample): boolean => {
      const proven = foreign.some(
        ({ command, cpuPercent }) => command.includes(token) && (cpuPercent ?? 0) > 1,
      );
      return proven && figure(withoutNice?.["cpu.others"]) < figure(machine["cpu.others"]);
    };
    const samples = await watch([run], (seen) => seen.some(leftOut));
    expect(samples.some(leftOut)).toBe(true);
  });
});

describe("two samples at once", () => {
  it("make no window of their own", async () => {
    const take = (): Reading | undefined => sensors?.sample([], clock.now()).machine["cpu.total"];
    const [first, second] = await until("two samples of one moment", async () => {
      sensors?.close();
      startSensors();
      expect(take()).toHaveProperty("unavailable");
      await wait(150);
      const began = performance.now();
      const both = [figure(take()), figure(take())] as const;
      return performance.now() - began < 20 ? both : null;
    });
    // Both reach back to the beginning: a window of a millisecond would give 0 or 100.
    expect(Math.abs(first - second)).toBeLessThan(15);
  });
});
