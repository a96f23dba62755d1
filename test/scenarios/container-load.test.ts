/**
 * Jobs in containers and the CPU: what a job's own container uses is the job's.
 * Covers: src/sense/proc/cgroups.ts
 */
import { existsSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cgroupsOf } from "../../src/sense/proc/cgroups.ts";
import { parseCgroupCpu } from "../../src/sense/proc/parse.ts";
import { type Containers, givenContainers } from "../containers.ts";
import { describeWith, podman, quietMachine, testWith } from "../needs.ts";
import { rounds } from "../rounds.ts";
import { RealSupervisor, tickOf, until } from "./real-supervisor.ts";

const SECONDS = Number(process.env.OWN_LOAD_SECONDS ?? rounds(60, 20));
const LIMIT_MS = (SECONDS + 240) * 1000;
/** Two loops, and commands that come and go. */
const BUSY = ["/bin/sh", "-c", "while :; do :; done & while :; do /bin/true; done"];

let containers: Containers;
let supervisor: RealSupervisor;

/** Clock ticks that a process and its reaped children have used. */
const ticksOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields[i]), 0);
};

/** What the machine's processes, a container's cgroup and a supervisor have used so far, in ms of one processor. */
function usedMs(cgroup: string, supervisorPid: number) {
  const [, ...times] = readFileSync("/proc/stat", "utf8").split("\n", 1)[0]?.split(/ +/) ?? [];
  const [user = 0, nice = 0, system = 0] = times.map(Number);
  const [file] = ["cpuacct.usage", "cpu.stat"].map((name) => join(cgroup, name)).filter(existsSync);
  const inside = parseCgroupCpu(readFileSync(file ?? cgroup, "utf8")) ?? 0;
  return { inside, outside: (user + nice + system - ticksOf(supervisorPid)) * 10 - inside };
}

/** Counts what is used in a job's container and outside of it, as the kernel counts it for both. */
function countOutside(pid: number, supervisorPid: number) {
  const { cpu } = cgroupsOf(pid);
  if (cpu === null) throw new Error(`no CPU cgroup of ${pid}`);
  const looks: { at: number; inside: number; outside: number }[] = [];
  const look = () => looks.push({ at: Date.now(), ...usedMs(cpu, supervisorPid) });
  look();
  const timer = setInterval(look, 100);
  const percent = (of: "inside" | "outside", from: number, to: number): number => {
    const a = looks.findLast(({ at }) => at <= from) ?? looks[0];
    const b = looks.find(({ at }) => at >= to) ?? looks.at(-1);
    return a && b && b.at > a.at ? (100 * (b[of] - a[of])) / (b.at - a.at) / cpus().length : 0;
  };
  return {
    end() {
      clearInterval(timer);
      look();
      return {
        begunAt: looks[0]?.at ?? 0,
        /** The most in a second: a pause for others' use may take the rest. */
        insidePercent: Math.max(...looks.map(({ at }) => percent("inside", at - 1000, at))),
        /** The most in a second of the five before: a tick may come late. */
        outsidePercentBefore: (at: number) =>
          Math.max(...[0, 1, 2, 3, 4].map((s) => percent("outside", at - 1000 * (s + 1), at - 1000 * s))),
      };
    },
  };
}

describeWith(podman)("containers", () => {
  beforeEach(() => {
    containers = givenContainers();
  });
  afterEach(async () => {
    await supervisor.close();
    containers.close();
  });

  const begin = async (command: string[]): Promise<void> => {
    const rule = { metric: "cpu.others", forSeconds: 1, clear: { below: 30, forSeconds: 1 } };
    const job = {
      name: "asr",
      command,
      container: containers.container(),
      gpus: 0,
      pause: { method: "freeze" },
    };
    supervisor = await new RealSupervisor(
      {
        rules: [{ name: "others", above: 50, ...rule }],
        balance: { settleSeconds: 0, backoffSeconds: 0.1 },
        jobs: [job],
      },
      containers.env,
    ).start();
  };
  testWith(quietMachine())(
    "a job that uses every processor in its own is never paused for that",
    async () => {
      await begin(BUSY);
      await supervisor.reaches("asr", ["running"]);
      const inside = await until("its container to run", () => {
        const [id] = containers.ids();
        return id !== undefined && Number(containers.podman("inspect", "--format={{.State.Pid}}", id));
      });
      const counted = countOutside(inside, supervisor.snapshot().supervisor.pid);
      await supervisor.ticks(SECONDS * 4, { everyMs: 200, limitMs: LIMIT_MS });
      const asked = supervisor.audit("pause.requested");
      const { begunAt, insidePercent, outsidePercentBefore } = counted.end();
      // Only what this test counted outside of the container itself justifies a pause; the rule's second was counted.
      for (const { at, evidence } of asked.filter(({ at }) => Date.parse(at) >= begunAt + 1000))
        expect(outsidePercentBefore(Date.parse(at)), JSON.stringify(evidence)).toBeGreaterThan(40);
      // What proves the test: the job did use the machine.
      expect(insidePercent).toBeGreaterThan(30);
    },
    LIMIT_MS,
  );

  testWith(quietMachine())(
    "a program outside that uses the CPU pauses a job in a container, and is named for it",
    async () => {
      await begin(["/bin/sh", "-c", "while :; do sleep 0.1; done"]);
      await supervisor.shows(
        "it running, with nobody pressing",
        ({ jobs, machine: { "cpu.others": others } }) =>
          jobs[0]?.state === "running" && "value" in others && others.value < 40,
      );
      const before = supervisor.audit("pause.requested").length;
      const outside = [1, 2].map(() => supervisor.outsider("/bin/sh", "-c", "while :; do :; done"));
      const asked = await until("its pause", () => supervisor.audit("pause.requested")[before]);
      const named = (asked.evidence as { processes: { pid: number }[] }).processes.map(({ pid }) => pid);
      expect(named.some((pid) => outside.some((one) => one.pid === pid))).toBe(true);
      await supervisor.reaches("asr", ["frozen"]);
      for (const one of outside) await supervisor.end(one);
      await supervisor.reaches("asr", ["running"]);
    },
    LIMIT_MS,
  );

  test(
    "what a job uses in its own is told from what others use",
    async () => {
      supervisor = await new RealSupervisor(
        { jobs: [{ name: "asr", command: BUSY, container: containers.container(), gpus: 0 }] },
        containers.env,
      ).start();
      await supervisor.reaches("asr", ["running"]);
      // One window's ticks and nanoseconds may differ by much; taken for others', it would show in all of them.
      const looks = new Map<number, { mine: number; others: number; total: number }>();
      await supervisor.shows("ten readings of its use", (seen) => {
        const { "cpu.others": others, "cpu.total": total } = seen.machine;
        const mine = seen.jobs[0]?.use?.cpuPercent;
        if (mine && "value" in mine && "value" in others && "value" in total && mine.value >= 10)
          looks.set(tickOf(seen), { mine: mine.value, others: others.value, total: total.value });
        return looks.size >= 10;
      });
      const mean = (of: "mine" | "others" | "total"): number =>
        [...looks.values()].reduce((all, one) => all + one[of], 0) / looks.size;
      expect(mean("others")).toBeLessThan(mean("total") - mean("mine") + 10);
    },
    LIMIT_MS,
  );
});
