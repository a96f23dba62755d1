import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { ranksGone } from "../../../src/runs/observe/ranks-gone.ts";
import { readStat } from "../../../src/sense/proc/process.ts";
import { makeRank } from "../../decide/make.ts";
import { until } from "../../until.ts";

const children: ChildProcess[] = [];
/** Start times are counted in hundredths of a second. */
const nextTick = () => sleep(30);
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** The report of a rank that is a real process. */
function rank(number: number, worldSize: number) {
  const child = spawn("sleep", ["1000"], { stdio: "ignore" });
  children.push(child);
  const pid = child.pid as number;
  const startTime = readStat(pid)?.startTime ?? null;
  const end = async (): Promise<void> => {
    child.kill("SIGKILL");
    await until("its end", () => child.signalCode !== null);
  };
  return { report: makeRank({ rank: number, worldSize, pid, startTime, state: "running" }), end };
}

test("one that has died beside others that go on is gone; one that has finished, or left by itself, isn't", async () => {
  const [zero, one] = [rank(0, 2), rank(1, 2)];
  const seen = new Map<string, number>();
  expect(ranksGone([zero.report, one.report], seen)).toEqual([]);
  await one.end();
  expect(ranksGone([zero.report, one.report], seen)).toEqual([1]);
  expect(ranksGone([zero.report, { ...one.report, state: "finished" }], seen)).toEqual([]);
  expect(ranksGone([zero.report, { ...one.report, left: true }], seen)).toEqual([]);
});

test("reports of ranks that the launcher has ended all together, and started anew, name nobody", async () => {
  const [zero, one] = [rank(0, 2), rank(1, 2)];
  const seen = new Map<string, number>();
  ranksGone([zero.report, one.report], seen);
  await zero.end();
  await one.end();
  // Nobody goes on: a launcher starts them anew, or hangs.
  expect(ranksGone([zero.report, one.report], seen)).toEqual([0, 1]);
  await nextTick();
  // The new rank 0 has reported first.
  const again = rank(0, 2);
  expect(ranksGone([again.report, one.report], seen)).toEqual([]);
  expect(ranksGone([again.report, one.report], seen)).toEqual([]);
  // Its own fellow is missed.
  const fellow = rank(1, 2);
  expect(ranksGone([again.report, fellow.report], seen)).toEqual([]);
  await fellow.end();
  expect(ranksGone([again.report, fellow.report], seen)).toEqual([1]);
});

test("one that dies before the others have reported is missed once they have", async () => {
  const [zero, one] = [rank(0, 2), rank(1, 2)];
  const seen = new Map<string, number>();
  await nextTick();
  ranksGone([one.report], seen);
  await one.end();
  expect(ranksGone([zero.report, one.report], seen)).toEqual([1]);
});

test("one that was never seen alive here may run on another machine", () => {
  const here = rank(0, 2);
  const elsewhere = makeRank({ rank: 1, worldSize: 2, pid: 2 ** 22 + 1, startTime: 7 });
  expect(ranksGone([here.report, elsewhere], new Map())).toEqual([]);
});
