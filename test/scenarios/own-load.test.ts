/**
 * Jobs that use every core, in each of the ways that are hard to attribute, are never paused by a rule
 * on others' use: with a cgroup of their own, and without. OWN_LOAD_SECONDS=300 makes a soak of it.
 */
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { JobView } from "../../src/control/protocol.ts";
import { cpuCgroup, describeWith, quietMachine, testWith } from "../needs.ts";
import { rounds } from "../rounds.ts";
import { CHILDREN, RealSupervisor } from "./real-supervisor.ts";

const SECONDS = Number(process.env.OWN_LOAD_SECONDS ?? rounds(20, 8));
const LIMIT_MS = (SECONDS + 240) * 1000;
const FORMS = [
  "a plain loop",
  "children of a thread",
  "a shell loop of short commands",
  "loaders restarted each epoch",
  "a double fork",
  "SIGCHLD ignored",
  "a daemonised worker",
];

let supervisor: RealSupervisor;
afterEach(() => supervisor.close());

async function survives(env: NodeJS.ProcessEnv): Promise<void> {
  const rule = { metric: "cpu.others", forSeconds: 1, clear: { below: 30, forSeconds: 1 } };
  supervisor = await new RealSupervisor(
    {
      rules: [{ name: "others", above: 50, ...rule }],
      jobs: FORMS.map((form, i) => ({
        name: `form-${i}`,
        command: ["node", join(CHILDREN, "sense-job.ts"), form, `own-load-${process.pid}`],
        pause: { method: "freeze" },
      })),
    },
    env,
  ).start();
  for (const [i] of FORMS.entries()) await supervisor.reaches(`form-${i}`, ["running"]);
  await supervisor.ticks(SECONDS * 4, { everyMs: 200, limitMs: LIMIT_MS });
  // What proves the test: together they do use the machine.
  const least = env.GPU_JOB_SUPERVISOR_NO_CGROUP ? 20 : 50;
  const used = ({ use }: JobView): number => (use && "value" in use.cpuPercent ? use.cpuPercent.value : 0);
  await supervisor.shows(
    `more than ${least} % of the CPU used by the jobs`,
    ({ jobs }) => jobs.reduce((sum, job) => sum + used(job), 0) > least,
  );
  const { machine, jobs } = supervisor.snapshot();
  expect(machine["cpu.total"]).toMatchObject({ value: expect.any(Number) });
  expect(jobs.map(({ state }) => state)).toEqual(FORMS.map(() => "running"));
  expect(supervisor.audit("pause.requested")).toEqual([]);
  for (const job of jobs) supervisor.say("cancel", job.name);
}

describeWith(quietMachine())("every form of own load", () => {
  testWith(cpuCgroup)("is never paused, with a cgroup", () => survives({}), LIMIT_MS + 60_000);
  test(
    "is never paused, without a cgroup",
    () => survives({ GPU_JOB_SUPERVISOR_NO_CGROUP: "1" }),
    LIMIT_MS + 60_000,
  );
});
