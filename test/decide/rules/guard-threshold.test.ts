import { expect, test } from "vitest";
import { guardThreshold } from "../../../src/decide/rules/guard-threshold.ts";
import { at, makeConfig, makeJob, runningJob } from "../make.ts";

const cpu = (above: number, more: object = {}) => ({
  ...{ name: `cpu ${above}`, metric: "cpu.others", above, clear: { below: above - 1 } },
  ...more,
});
const notify = { action: "notify" };
const total = { name: "total", metric: "cpu.total", above: 5, clear: { below: 4 } };

test.each<[string, object[], number | null]>([
  ["no rule", [], null],
  ["the lowest of several", [cpu(60), cpu(35), cpu(80)], 35],
  ["none that only notifies", [cpu(20, notify), cpu(45)], 45],
  ["none, where all only notify", [cpu(20, notify)], null],
  ["none on another metric", [total], null],
])("the fast guard watches for: %s", (_, rules, expected) => {
  expect(guardThreshold(makeConfig({ rules }).rules, { tts: runningJob() })).toBe(expected);
});

test("it rests while no job is running", () => {
  const { rules } = makeConfig({ rules: [cpu(35)] });
  const paused = makeJob({}, { state: { name: "waiting", since: at(0) } });
  expect([guardThreshold(rules, {}), guardThreshold(rules, { tts: paused })]).toEqual([null, null]);
});
