/**
 * Jobs in containers and the CPU: what a job's own container uses is the job's.
 * Covers: src/sense/proc/cgroups.ts
 */
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Containers, givenContainers } from "../containers.ts";
import { describeWith, podman, quietMachine, testWith } from "../needs.ts";
import { rounds } from "../rounds.ts";
import { RealSupervisor } from "./real-supervisor.ts";

const SECONDS = Number(process.env.OWN_LOAD_SECONDS ?? rounds(100, 20));
const LIMIT_MS = (SECONDS + 240) * 1000;
/** Two loops, and commands that come and go. */
const BUSY = ["/bin/sh", "-c", "while :; do :; done & while :; do /bin/true; done"];

let containers: Containers;
let supervisor: RealSupervisor;

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
      { rules: [{ name: "others", above: 50, ...rule }], jobs: [job] },
      containers.env,
    ).start();
  };
  testWith(quietMachine())(
    "a job that uses every processor in its own is never paused for that",
    async () => {
      await begin(BUSY);
      await supervisor.reaches("asr", ["running"]);
      await supervisor.ticks(SECONDS * 4, { everyMs: 200, limitMs: LIMIT_MS });
      const { use } = supervisor.job("asr");
      // What proves the test: it did use the machine.
      expect(use && "value" in use.cpuPercent ? use.cpuPercent.value : 0).toBeGreaterThan(30);
      expect(supervisor.audit("pause.requested")).toEqual([]);
    },
    LIMIT_MS,
  );

  testWith(quietMachine())(
    "a program outside that uses the CPU pauses a job in a container, and is named for it",
    async () => {
      await begin(["/bin/sh", "-c", "while :; do sleep 0.1; done"]);
      await supervisor.reaches("asr", ["running"]);
      const outside = [1, 2].map(() => supervisor.outsider("/bin/sh", "-c", "while :; do :; done"));
      const asked = await supervisor.recorded("pause.requested", "asr");
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
      const seen = await supervisor.shows("its use of the CPU", ({ jobs, machine }) => {
        const [mine, others, total] = [jobs[0]?.use?.cpuPercent, machine["cpu.others"], machine["cpu.total"]];
        if (!(mine && "value" in mine && "value" in others && "value" in total)) return null;
        return mine.value < 10 ? null : { mine: mine.value, others: others.value, total: total.value };
      });
      expect(seen.others).toBeLessThan(seen.total - seen.mine + 10);
    },
    LIMIT_MS,
  );
});
