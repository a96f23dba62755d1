/** Covers: src/decide/rules/judge-rules.ts */
import { describe, expect, test } from "vitest";
import { judgeRules } from "../../../src/decide/rules/judge-rules.ts";
import type { RuleState } from "../../../src/model/decision.ts";
import type { Reading } from "../../../src/model/machine.ts";
import { at, makeGpu, makeRule, makeSample } from "../make.ts";

const jobs = {};

/** Readings second by second → firm states second by second; a string is a failing sensor. */
function history(rule: object, readings: (number | string | Reading)[], key = "busy") {
  let memory: Record<string, RuleState> = {};
  const told: string[] = [];
  const states = readings.map((reading, second) => {
    const now = at(second);
    const sample = makeSample(now);
    sample.machine["cpu.others"] =
      typeof reading === "number"
        ? { value: reading, atMs: now.monotonicMs }
        : typeof reading === "string"
          ? { unavailable: reading }
          : reading;
    const judged = judgeRules([makeRule(rule)], memory, { sample, jobs }, { now, pollSeconds: 1 });
    memory = judged.states;
    told.push(...judged.changes.map(({ to }) => `${second} ${to}`));
    return memory[key]?.firm[0] ?? "?";
  });
  return { states: states.join(""), told, state: memory[key] as RuleState };
}

const dwell = { forSeconds: 3, clear: { below: 30, forSeconds: 2 } };

describe("dwell", () => {
  test("0 acts at once, both ways", () => expect(history({}, [10, 70, 20, 70]).states).toBe("cpcp"));
  test("pressure has to last", () => expect(history(dwell, [70, 70, 70, 70, 70]).states).toBe("cccpp"));
  test("a break begins it again", () =>
    expect(history(dwell, [70, 70, 50, 70, 70, 70, 70]).states).toBe("ccccccp"));
  test("clear has to last too", () =>
    expect(history({ clear: dwell.clear }, [70, 20, 20, 20]).states).toBe("pppc"));
  test("between the thresholds the last state stays", () =>
    expect(history({}, [45, 70, 45, 31, 29, 45, 60]).states).toBe("cpppccc"));
  test("the threshold itself isn't beyond it", () =>
    expect(history({}, [60, 60.1, 30, 29.9]).states).toBe("cppc"));
  test("below rules are the mirror image", () =>
    expect(history({ above: undefined, below: 5, clear: { above: 15 } }, [20, 4, 10, 15, 16]).states).toBe(
      "cpppc",
    ));
});

describe("what can't be read", () => {
  test("begins no pressure and breaks its dwell", () =>
    expect(history(dwell, [70, 70, "gone", 70, 70, 70, 70]).states).toBe("ccccccp"));
  test("keeps a firm pressure, which can't clear meanwhile", () =>
    expect(
      history({ clear: { below: 30, forSeconds: 2 } }, [70, 20, "gone", "gone", 20, 20, 20]).states,
    ).toBe("ppppppc"));
  test("is told once lost and once recovered, and only if it could ever be read", () => {
    expect(history({}, [10, "gone", "gone", 10]).told).toEqual(["1 lost", "3 recovered"]);
    expect(history({}, ["none", "none"]).told).toEqual([]);
  });
  test("a reading counts for three polls, then it is stale", () => {
    const old: Reading = { value: 70, atMs: at(0).monotonicMs };
    const { state } = history({}, [10, 10, 10, old, old]);
    expect(state.unavailable).toMatch(/4 s old/);
    expect(history({}, [10, 10, 10, old]).states).toBe("cccp");
  });
  test("a dwell doesn't span a silence", () => {
    let memory: Record<string, RuleState> = {};
    for (const second of [0, 1, 60, 61, 62]) {
      const now = at(second);
      memory = judgeRules(
        [makeRule(dwell)],
        memory,
        { sample: makeSample(now, { "cpu.others": 70 }), jobs },
        {
          now,
          pollSeconds: 1,
        },
      ).states;
      expect(memory.busy?.firm).toBe("clear");
    }
  });
});

describe("doubt", () => {
  const doubtful = (value: number, upTo: number, second: number): Reading => ({
    value,
    upTo,
    atMs: at(second).monotonicMs,
  });
  test("what others might use makes no pressure", () =>
    expect(history({}, [doubtful(10, 100, 0), doubtful(10, 100, 1)]).states).toBe("cc"));
  test("but it is no room either", () => {
    expect(history({}, [doubtful(10, 100, 0)]).state.roomy).toBe(false);
    expect(history({}, [70, doubtful(10, 100, 1)]).states).toBe("pp");
    expect(history({}, [70, doubtful(10, 20, 1)]).states).toBe("pc");
  });
});

describe("gpu rules", () => {
  const rule = makeRule({ name: "hot", metric: "gpu.temperature", above: 90, clear: { below: 75 } });
  test("are judged for each GPU by itself", () => {
    const now = at(0);
    const gpus = [
      makeGpu(now, "A", 0, { "gpu.temperature": 91 }),
      makeGpu(now, "B", 1, { "gpu.temperature": 60 }),
    ];
    const { states: memory } = judgeRules(
      [rule],
      {},
      { sample: makeSample(now, {}, { gpus }), jobs },
      { now, pollSeconds: 1 },
    );
    expect([memory["hot@A"]?.firm, memory["hot@B"]?.firm]).toEqual(["pressure", "clear"]);
  });
  test("a GPU that vanishes is unavailable, not forgotten", () => {
    const gpus = [makeGpu(at(0), "A", 0, { "gpu.temperature": 91 })];
    const first = judgeRules(
      [rule],
      {},
      { sample: makeSample(at(0), {}, { gpus }), jobs },
      { now: at(0), pollSeconds: 1 },
    );
    const lost = makeSample(at(1), {}, { gpusUnavailable: "the driver doesn't answer" });
    const then = judgeRules([rule], first.states, { sample: lost, jobs }, { now: at(1), pollSeconds: 1 });
    expect(then.states["hot@A"]).toMatchObject({
      firm: "pressure",
      unavailable: "the driver doesn't answer",
    });
  });
  test("a machine without any GPU has no such rule", () =>
    expect(
      judgeRules([rule], {}, { sample: makeSample(at(0)), jobs }, { now: at(0), pollSeconds: 1 }).states,
    ).toEqual({}));
});

test("a rule that left the config is forgotten", () => {
  const { states: memory } = judgeRules(
    [makeRule({})],
    {},
    { sample: makeSample(at(0), { "cpu.others": 90 }), jobs },
    {
      now: at(0),
      pollSeconds: 1,
    },
  );
  expect(
    judgeRules([], memory, { sample: makeSample(at(1)), jobs }, { now: at(1), pollSeconds: 1 }).states,
  ).toEqual({});
});

test("a rule may leave niced CPU time out", () => {
  const now = at(0);
  const reading = (value: number): Reading => ({ value, atMs: now.monotonicMs });
  const sample = makeSample(now);
  sample.machine["cpu.others"] = reading(90);
  sample.withoutNice = { "cpu.total": reading(20), "cpu.others": reading(10) };
  const firm = (countNice: boolean) =>
    judgeRules([makeRule({ countNice })], {}, { sample, jobs }, { now, pollSeconds: 1 }).states.busy?.firm;
  expect([firm(true), firm(false)]).toEqual(["pressure", "clear"]);
});
