/** Everything that a user should know is told at once: each job whose save may fail, each blind rule, each server. */
import { expect, test } from "vitest";
import { UNSEEN } from "../../src/decide/rules/hand-over/others-used.ts";
import type { Companion } from "../../src/decide/world.ts";
import { problemsOf } from "../../src/tick/problems.ts";
import { Days, running } from "../decide/days.ts";
import { at, makeCheckpoint } from "../decide/make.ts";

const STALLS = { name: "stalls", metric: "pressure.io.full", above: 35, clear: { below: 12 } };
const handOver = { gpu: 1, from: 2, to: 91, runs: 3 };

test("names the job whose save has no room, the rule that can't see and the job that hands its work on, in this order", () => {
  const large = { checkpoint: makeCheckpoint(7, at(0), { bytes: 3 * 2 ** 30 }) };
  const days = new Days({ rules: [STALLS] }, running("tts", {}, large), running("asr"));
  for (const second of [0, 4])
    days.tick(second, { "pressure.io.full": "this kernel has no /proc/pressure/io" });
  const course = { sinceMs: 0 };
  const seen = { sinceMs: 0, before: UNSEEN, together: course, programs: course };
  const asr: Companion = { ...seen, who: {}, own: 0, readings: 0, runs: 3, told: handOver };
  const world = { ...days.world, memory: { ...days.world.memory, companions: { asr } } };
  const told = problemsOf(world, days.config.rules, { gpus: [], freeMiB: () => 512 });
  expect(told).toEqual([
    expect.stringMatching(/^tts: Only 512 MiB is free where it saves, and its last checkpoint took 3/),
    expect.stringMatching(/^Rule 'stalls' can't act: pressure\.io\.full/),
    expect.stringMatching(
      /^'asr': Its own processes are idle, while others' use of GPU 1 rose from 2 % to 91 %/,
    ),
  ]);
  expect(problemsOf(days.world, [], { gpus: [], freeMiB: () => 9000 })).toEqual([]);
});
