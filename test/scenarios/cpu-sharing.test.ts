/**
 * Two supervisors whose rules on others' use of the CPU see each other's jobs: neither pushes the other
 * away, both make room for a person, and nothing flaps. As two users, and as one with cgroups.
 */
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { cpuCgroup, describeWith, quietMachine, root } from "../needs.ts";
import { CHILDREN, RealSupervisor, until } from "./real-supervisor.ts";

/** Half of the machine each: more than the rule allows to others. */
const JOBS = Array.from({ length: Math.ceil(cpus().length / 2) }, (_, i) => `loop-${i}`);
const RULE = {
  name: "somebody else computes",
  metric: "cpu.others",
  above: 40,
  // Longer than the commands of this test take, which are others, too.
  forSeconds: 4,
  clear: { below: 30, forSeconds: 1 },
};

let claims: string;
const houses: RealSupervisor[] = [];

beforeEach(() => {
  claims = mkdtempSync(join(tmpdir(), "supervisor-claims-"));
  chmodSync(claims, 0o1777);
});
afterEach(async () => {
  for (const house of houses.splice(0)) await house.close();
  rmSync(claims, { recursive: true, force: true });
});

async function house(uid: number | undefined): Promise<RealSupervisor> {
  const jobs = JOBS.map((name) => ({
    name,
    gpus: 0,
    command: ["node", join(CHILDREN, "sense-job.ts"), "a plain loop", `cpu-sharing-${process.pid}`],
    pause: { method: "freeze" },
  }));
  const config = { rules: [RULE], balance: { settleSeconds: 0, backoffSeconds: 0.1 }, jobs };
  const one = new RealSupervisor(config, { GPU_JOB_SUPERVISOR_CLAIMS: claims }, uid);
  houses.push(one);
  await one.start();
  for (const job of JOBS) await one.reaches(job, ["running"]);
  return one;
}

const cpu = (one: RealSupervisor, metric: "cpu.total" | "cpu.others"): number => {
  const reading = one.snapshot().machine[metric];
  return reading && "value" in reading ? reading.value : Number.NaN;
};
/** Each look is a command, whose use of the CPU is others', too. */
const SELDOM = { everyMs: 2000 };
const pids = (one: RealSupervisor): (number | null)[] => one.snapshot().jobs.map(({ pid }) => pid);

const quiet = quietMachine();
const met = [root, quiet].find((need) => !need.met) ?? quiet;

describeWith(met)("two supervisors' jobs", () => {
  it.each([
    ["of two users", [1001, 1002]],
    [`of one user${cpuCgroup.met ? ", with cgroups" : ""}`, [undefined, undefined]],
  ])("%s share the CPU and make room for a person, and nothing flaps", async (_, [first, second]) => {
    const bob = await house(first);
    const ana = await house(second);
    expect(readdirSync(claims)).toHaveLength(2 * JOBS.length);
    await until("a busy machine", () => cpu(bob, "cpu.total") > 80, SELDOM);
    // For longer than the rule's dwell.
    for (const one of houses) await one.ticks(5, SELDOM);
    for (const one of houses) {
      expect(one.audit("pause.requested")).toEqual([]);
      // A moment may show one of this test's commands; the other's job would be in all of them.
      await until("the other's job not to count", () => cpu(one, "cpu.others") < RULE.above, SELDOM);
    }

    const load = bob.burn(3 * cpus().length);
    for (const one of houses) for (const job of JOBS) await one.reaches(job, ["frozen"], SELDOM);
    const working = [...pids(bob), ...pids(ana)];
    for (const one of houses) {
      const blamed = one.audit("pause.requested").flatMap(({ evidence }) => evidence?.processes ?? []);
      expect(blamed.some(({ pid }) => load.some((child) => child.pid === pid))).toBe(true);
      expect(blamed.filter(({ pid }) => working.includes(pid))).toEqual([]);
    }
    for (const child of load) await bob.end(child);
    for (const one of houses) for (const job of JOBS) await one.reaches(job, ["running"], SELDOM);
    for (const one of houses) await one.ticks(3, SELDOM);
    for (const one of houses) expect(one.audit("pause.requested")).toHaveLength(JOBS.length);
  });
});
