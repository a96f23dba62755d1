/** Covers: src/decide/policy.ts, src/decide/starts/overhead-budget.ts, src/decide/lifecycle/step.ts */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Job } from "../../src/model/job.ts";
import { rounds } from "../rounds.ts";
import { makeConfig, makeJob } from "./make.ts";
import { type Nature, VirtualMachine } from "./virtual-machine.ts";

const CPU = {
  name: "cpu",
  metric: "cpu.others",
  above: 60,
  forSeconds: 2,
  clear: { below: 30, forSeconds: 5 },
};
const NAMES = ["a", "b", "c"];

type Act =
  | { do: "others"; percent: number | null; seconds: number }
  | { do: "pause" | "resume" | "cancel" | "crash" | "freeze" | "terminate"; job: string; seconds: number };

const seconds = fc.integer({ min: 1, max: 25 });
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("others" as const),
      percent: fc.option(fc.constantFrom(0, 20, 29, 31, 45, 61, 90)),
      seconds,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("pause" as const, "resume", "crash", "freeze"),
      job: fc.constantFrom(...NAMES),
      seconds,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("cancel" as const), job: fc.constantFrom(...NAMES), seconds }),
  },
);
const end = fc.record({ do: fc.constant("terminate" as const), job: fc.constantFrom(...NAMES), seconds });
const actOrEnd: fc.Arbitrary<Act> = fc.oneof({ weight: 9, arbitrary: act }, { weight: 1, arbitrary: end });
const nature: fc.Arbitrary<Nature> = fc.record({
  save: fc.integer({ min: 1, max: 20 }),
  load: fc.integer({ min: 1, max: 10 }),
  cpu: fc.constantFrom(0, 10, 100),
  deaf: fc.constantFrom(false, false, false, true),
  steps: fc.constantFrom(40, 1e9),
});
const rule = fc.record({
  forSeconds: fc.constantFrom(0, 2, 9),
  clearSeconds: fc.constantFrom(0, 5),
  severity: fc.constantFrom("normal", "critical"),
  action: fc.constantFrom("pause", "freeze"),
});
const onTimeout = fc.constantFrom("wait", "freeze", "terminate", "kill");

function machineOf(
  natures: Nature[],
  how: { onTimeout: string; rule?: object; spec?: object },
): VirtualMachine {
  const jobs: Job[] = natures.map((_, at) =>
    makeJob({
      name: NAMES[at],
      priority: at,
      pause: { graceSeconds: 30, onTimeout: how.onTimeout },
      restart: { maxRetries: 50, backoffSeconds: 1 },
      ...how.spec,
    }),
  );
  const config = makeConfig({ rules: [{ ...CPU, ...how.rule }], balance: { settleSeconds: 3 } });
  return new VirtualMachine(config, jobs, Object.fromEntries(natures.map((one, at) => [NAMES[at], one])));
}

function perform(machine: VirtualMachine, acts: Act[]): void {
  let others: number | null = 0;
  for (const one of acts) {
    if (one.do === "others") others = one.percent;
    else if (machine.world.jobs[one.job] !== undefined) {
      if (one.do === "crash") machine.crash(one.job);
      else if (one.do === "pause" || one.do === "freeze" || one.do === "terminate") {
        const force = one.do === "pause" ? {} : { force: one.do };
        machine.ask({ verb: "pause", jobs: [one.job], untilMs: null, by: "ana", ...force });
      } else machine.ask({ verb: one.do, jobs: [one.job], by: "ana" });
    }
    for (let second = 0; second < one.seconds; second += 1) machine.tick(others);
  }
}

describe("whatever happens", () => {
  test("nothing happens that must never happen (checked at every tick), and afterwards all that may run runs", () => {
    fc.assert(
      fc.property(
        fc.array(actOrEnd, { maxLength: 25 }),
        fc.array(nature, { minLength: 1, maxLength: 3 }),
        rule,
        onTimeout,
        (acts, natures, { clearSeconds, ...more }, timeout) => {
          const clear = { below: 30, forSeconds: clearSeconds };
          const machine = machineOf(natures, { onTimeout: timeout, rule: { ...more, clear } });
          perform(machine, acts);
          for (const name of Object.keys(machine.world.jobs))
            machine.ask({ verb: "resume", jobs: [name], by: "ana" });
          for (let second = 0; second < 300; second += 1) machine.tick(0);
          for (const job of Object.values(machine.world.jobs)) {
            // A deaf job that was asked by checkpoint never answers: it is left overdue, not forgotten.
            const overdue =
              machine.nature(job.name).deaf &&
              job.state.name === "pausing" &&
              job.state.request.overdue !== null;
            const ended = ["finished", "failed", "cancelled"].includes(job.state.name);
            expect(
              ended || overdue || job.state.name,
              `${job.name}: ${JSON.stringify(machine.last?.why()[job.name])}`,
            ).toSatisfy((state) => state === true || state === "running");
          }
        },
      ),
      { numRuns: rounds(150) },
    );
  });

  test("nothing is forced unless configured, and never before the grace is over", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 12 }), nature, onTimeout, (acts, one, timeout) => {
        const machine = machineOf([one], { onTimeout: timeout });
        perform(machine, acts);
        if (timeout === "wait" || timeout === "freeze" || !one.deaf) expect(machine.forced).toEqual([]);
        const asked = machine.events.findIndex(({ kind }) => kind === "pause.requested");
        const forced = machine.events.findIndex(({ kind }) => kind === "pause.forced");
        if (forced >= 0 && machine.forced.length > 0)
          expect(machine.events.slice(asked, forced).some(({ kind }) => kind === "pause.overdue")).toBe(true);
      }),
      { numRuns: rounds(100) },
    );
  });

  test("every pause that is asked for ends, once the job has exited", () => {
    fc.assert(
      fc.property(
        fc.array(act, { maxLength: 15 }),
        fc.array(nature, { minLength: 1, maxLength: 3 }),
        (acts, natures) => {
          const machine = machineOf(
            natures.map((one) => ({ ...one, deaf: false })),
            { onTimeout: "wait" },
          );
          perform(machine, acts);
          for (let second = 0; second < 60; second += 1) machine.tick(90, true);
          for (const job of Object.values(machine.world.jobs))
            expect(["waiting", "paused", "finished", "failed", "cancelled"]).toContain(job.state.name);
        },
      ),
      { numRuns: rounds(60) },
    );
  });
});

describe("balance", () => {
  /** A load of others that is `on` for so long in every period; returns what pausing cost. */
  function squareWave(period: number, duty: number, one: Nature, hours = 3) {
    const machine = machineOf([one], { onTimeout: "wait" });
    let late = 0;
    let pressed = 0;
    for (let second = 0; second < hours * 3600; second += 1) {
      const busy = second % period < period * duty;
      const { world } = machine.tick(busy ? 90 : 0);
      // Yields are counted in seconds from the firm pressure to the request.
      pressed = world.rules.cpu?.firm === "pressure" ? pressed + 1 : 0;
      if (pressed > 1 && world.jobs.a?.state.name === "running") late += 1;
    }
    const job = machine.world.jobs.a as Job;
    return {
      late,
      overhead: job.balance.overheadMs / 1000,
      worked: machine.worked.a ?? 0,
      pauses: machine.launches.length - 1,
    };
  }

  test("a square wave of any period costs no more than its budget, and no yield is ever late", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 6, max: 3600 }),
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 30 }),
        (period, duty, save, load) => {
          const { late, overhead } = squareWave(period, duty, { save, load, cpu: 100 });
          expect(late).toBe(0);
          // Of the time, and of the free first minutes.
          expect(overhead).toBeLessThanOrEqual(0.05 * (3 * 3600 + 600));
        },
      ),
      { numRuns: rounds(25) },
    );
  });

  test("a cheap pause is paid for again and again, a dear one seldom", () => {
    const cheap = squareWave(120, 0.5, { save: 1, load: 1, cpu: 100 });
    expect(cheap.pauses).toBeGreaterThan(8);
    expect(cheap.overhead).toBeGreaterThan(15);
    // It works for less than that costs, and gives up soon, well before the budget would make it.
    const dear = squareWave(120, 0.5, { save: 20, load: 20, cpu: 100 });
    expect(dear.pauses).toBeLessThan(8);
    expect(dear.pauses * 40).toBeLessThan(0.05 * (3 * 3600 + 600));
  });

  test("a job's own load never pauses it", () => {
    const machine = machineOf([{ save: 1, load: 1, cpu: 100 }], { onTimeout: "wait" });
    for (let second = 0; second < 2000; second += 1) machine.tick(second % 7 === 0 ? 8 : 1);
    expect(machine.events.map(({ kind }) => kind)).not.toContain("pause.requested");
    expect(machine.launches).toHaveLength(1);
  });
});

test("no step is lost or redone over pauses of every kind", () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 20 }), (acts) => {
      const gentle = acts.filter((one) => one.do !== "crash" && one.do !== "cancel");
      const machine = machineOf([{ save: 3, load: 2, cpu: 100 }], { onTimeout: "wait" });
      perform(machine, gentle);
      expect(machine.world.jobs.a?.progress?.step ?? 0).toBe(machine.worked.a ?? 0);
    }),
    { numRuns: rounds(60) },
  );
});
