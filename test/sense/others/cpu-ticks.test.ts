import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sum, ticksBetween } from "../../../src/sense/others/cpu-ticks.ts";
import type { ProcessStat } from "../../../src/sense/proc/parse.ts";

const made = (pid: number, parent: number, own: number, reaped = 0, startTime = 1): [number, ProcessStat] => [
  pid,
  {
    pid,
    name: "x",
    state: "S",
    parent,
    group: pid,
    session: pid,
    kernel: false,
    own,
    reaped,
    nice: 0,
    threads: 1,
    startTime,
    stack: 0,
  },
];
const isNew = ({ startTime }: ProcessStat): boolean => startTime >= 100;
const always = (): boolean => true;

describe("ticks between two looks", () => {
  it("are a process's own and those of children that came and went in between", () => {
    const before = new Map([made(1, 0, 10, 5)]);
    const after = new Map([made(1, 0, 12, 25)]);
    expect(ticksBetween(before, after, isNew, always)).toEqual(new Map([[1, 22]]));
  });

  it("don't count again what an ended child had used by the first look", () => {
    const before = new Map([made(1, 0, 0), made(2, 1, 500), made(3, 2, 40)]);
    // 3 was waited for by 2 and 2 by 1; 2 used 7 more and 3 used 1 more before that.
    const after = new Map([made(1, 0, 0, 548)]);
    expect(ticksBetween(before, after, isNew, always)).toEqual(new Map([[1, 8]]));
  });

  it("count a new process in full, an older one that is new to us not at all", () => {
    const after = new Map([made(7, 1, 30, 4, 100), made(8, 1, 3000, 0, 99)]);
    expect(ticksBetween(new Map(), after, isNew, always)).toEqual(new Map([[7, 34]]));
  });

  it("don't mix two processes that had the same pid", () => {
    const before = new Map([made(7, 1, 30, 0, 50)]);
    const after = new Map([made(7, 1, 31, 0, 100)]);
    expect(ticksBetween(before, after, isNew, always)).toEqual(new Map([[7, 31]]));
  });

  it("leave out what a reaper has waited for", () => {
    const before = new Map([made(1, 0, 10, 5)]);
    const after = new Map([made(1, 0, 12, 2500)]);
    expect(ticksBetween(before, after, isNew, () => false)).toEqual(new Map([[1, 2]]));
  });

  it("never are negative, nor more than all that was used, whatever ends in between", () => {
    const process = fc.record({
      use: fc.nat(50),
      more: fc.nat(50),
      ends: fc.boolean(),
      reaped: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(process, { minLength: 1, maxLength: 12 }), (processes) => {
        // A chain: each is the parent of the next; those that end pass their time up, if they are waited for.
        const before = new Map(processes.map(({ use }, i) => made(i + 1, i, use)));
        const after = new Map<number, ProcessStat>();
        let passed = 0;
        for (let i = processes.length - 1; i >= 0; i--) {
          const { use, more, ends, reaped } = processes[i] as (typeof processes)[number];
          if (ends && i > 0) passed = reaped ? passed + use + more : 0;
          else {
            const [pid, stat] = made(i + 1, i, use + more, passed);
            after.set(pid, stat);
            passed = 0;
          }
        }
        const ticks = [...ticksBetween(before, after, isNew, always).values()];
        const used = sum(processes.map(({ more }) => more));
        expect(ticks.every((one) => one > 0)).toBe(true);
        expect(sum(ticks)).toBeLessThanOrEqual(used);
      }),
    );
  });
});
