/** What counts against the budget, and what earns it. Covers: src/decide/lifecycle/learn.ts, src/decide/starts/overhead-budget.ts */
import { expect, test } from "vitest";
import { type Job, recentTime } from "../../../src/model/job.ts";
import { makeConfig, makeJob } from "../make.ts";
import { VirtualMachine } from "../virtual-machine.ts";

const RULE = {
  name: "need",
  metric: "cpu.others",
  above: 50,
  forSeconds: 0,
  clear: { below: 20, forSeconds: 0 },
};

function machineOf(share: number, nature: { save: number; load: number }): VirtualMachine {
  const config = makeConfig({ rules: [RULE], balance: { maxPauseOverhead: share } });
  return new VirtualMachine(config, [makeJob({ name: "a" })], { a: { ...nature, cpu: 50 } });
}

const jobOf = (machine: VirtualMachine): Job => machine.world.jobs.a as Job;

function pass(machine: VirtualMachine, seconds: number, others: number): void {
  for (let second = 0; second < seconds; second += 1) machine.tick(others);
}

test("a load that is cut short counts, and so does the save after it", () => {
  const machine = machineOf(0.5, { save: 6, load: 17 });
  pass(machine, 60, 0);
  pass(machine, 20, 90);
  const before = jobOf(machine).balance.overheadMs;
  pass(machine, 9, 0);
  expect(jobOf(machine).state).toMatchObject({ run: { resuming: { polite: true } } });
  pass(machine, 30, 90);
  expect(jobOf(machine).state.name).toBe("paused");
  // The resume is decided at the first quiet second.
  expect(jobOf(machine).balance.overheadMs - before).toBeGreaterThanOrEqual(9000 + 6000 - 1000);
});

test("the wait for a resume earns the next one, so a job whose only gaps are short gets some of them", () => {
  const machine = machineOf(0.08, { save: 4, load: 13 });
  pass(machine, 100, 0);
  for (let gap = 0; gap < 60; gap += 1) {
    pass(machine, 140, 90);
    pass(machine, 60, 0);
  }
  const { balance } = jobOf(machine);
  // At work for less than 47 of every 200 seconds: 17 are over 8 % of that, and within 8 % of a few such rounds.
  expect(machine.launches.length).toBeGreaterThan(30);
  expect(balance.overheadMs).toBeLessThanOrEqual(0.08 * (machine.second + 600) * 1000);
  expect(recentTime(balance).timeMs - balance.productiveMs).toBeGreaterThan(60 * 100_000);
});

test("a wait of a week pays for no more than a day does", () => {
  const machine = machineOf(0.05, { save: 4, load: 13 });
  pass(machine, 100, 0);
  pass(machine, 10, 90);
  const job = jobOf(machine);
  const longAgo = { ...job.state.since, monotonicMs: job.state.since.monotonicMs - 7 * 86_400_000 };
  machine.world = {
    ...machine.world,
    jobs: { a: { ...job, state: { ...job.state, since: longAgo } as Job["state"] } },
  };
  pass(machine, 5, 0);
  expect(jobOf(machine).state.name).toBe("running");
  const { balance } = jobOf(machine);
  expect(recentTime(balance).timeMs).toBeCloseTo(86_400_000, 0);
  // What is told of its whole life doesn't fade.
  expect(balance.productiveMs).toBe(job.balance.productiveMs);
});
