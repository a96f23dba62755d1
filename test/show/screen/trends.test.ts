import { expect, test } from "vitest";
import type { Snapshot } from "../../../src/control/protocol.ts";
import { RecentTrends } from "../../../src/show/screen/trends.ts";
import * as moments from "../snapshots.ts";

const { AT } = moments;

/** The start of a part of five seconds. */
const START = Math.ceil(AT / 5000) * 5000;

const shows = (seconds: number, cpu: number | string): Snapshot => {
  const quiet = moments.quiet();
  const reading = typeof cpu === "string" ? { unavailable: cpu } : { value: cpu, atMs: 0 };
  return { ...quiet, atMs: START + seconds * 1000, machine: { ...quiet.machine, "cpu.total": reading } };
};

const cpuOf = (trends: RecentTrends) => trends.all.cpu?.shares;

test("each part of five seconds keeps the highest, and a part that nothing told of is a gap", () => {
  const trends = new RecentTrends();
  for (const [second, cpu] of [
    [0, 10],
    [1, 70],
    [4, 20],
    [5, 30],
    [17, 40],
  ] as const)
    trends.take(shows(second, cpu));
  expect(cpuOf(trends)).toEqual([0.7, 0.3, null, 0.4]);
  trends.take(shows(18, "not read"));
  trends.take(shows(21, "not read"));
  expect(cpuOf(trends)).toEqual([0.7, 0.3, null, 0.4, null]);
});

test("two minutes are kept, whatever has passed", () => {
  const trends = new RecentTrends();
  for (let second = 0; second < 600; second += 1) trends.take(shows(second, second / 10));
  expect(cpuOf(trends)).toHaveLength(24);
  expect(cpuOf(trends)?.at(-1)).toBeCloseTo(0.599);
  trends.take(shows(86_400, 5));
  expect(cpuOf(trends)).toEqual([...new Array(23).fill(null), 0.05]);
});

test("a supervisor that looks less often has longer parts, and no gaps between them", () => {
  const trends = new RecentTrends();
  const everyTen = (seconds: number, cpu: number): Snapshot => {
    const seen = shows(seconds, cpu);
    return { ...seen, supervisor: { ...seen.supervisor, pollSeconds: 10 } };
  };
  for (const [second, cpu] of [
    [0, 10],
    [10, 20],
    [20, 30],
  ] as const)
    trends.take(everyTen(second, cpu));
  expect(cpuOf(trends)).toEqual([0.1, 0.2, 0.3]);
});

test("a clock that was set back begins anew", () => {
  const trends = new RecentTrends();
  trends.take(shows(100, 80));
  trends.take(shows(0, 20));
  expect(cpuOf(trends)).toEqual([0.2]);
});

test("what was published isn't changed by what comes after it", () => {
  const trends = new RecentTrends();
  trends.take(shows(0, 10));
  const { all } = trends;
  trends.take(shows(1, 90));
  expect(all.cpu?.shares).toEqual([0.1]);
});

test("pressure of a rule on a gauge marks its part, and no other gauge's", () => {
  const trends = new RecentTrends();
  const busy = moments.busy();
  trends.take({ ...busy, atMs: START });
  const pressing = Object.entries(trends.all).flatMap(([name, trend]) => (trend.pressing[0] ? [name] : []));
  const pressed = busy.rules.filter(({ firm }) => firm === "pressure");
  expect(pressed.length).toBeGreaterThan(0);
  const expected = pressed.map(({ gpu, rule }) => gpu ?? (rule.metric.startsWith("cpu.") ? "cpu" : "memory"));
  expect(new Set(pressing)).toEqual(new Set(expected));
});
