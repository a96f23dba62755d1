/**
 * What a decision is given is read only: to the compiler, and when it runs.
 * Covers: src/decide/world.ts
 */
import { expect, test } from "vitest";
import { decide } from "../../src/decide/policy.ts";
import type { TickInput } from "../../src/decide/tick-input.ts";
import { newWorld } from "../../src/decide/world.ts";
import { at, makeConfig, makeJob, makeSample, runningJob } from "./make.ts";

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) freeze(part);
  }
  return value;
}

test("a decision that starts, pauses and counts writes into nothing that it was given", () => {
  const rule = { name: "busy", metric: "cpu.others", above: 60, clear: { below: 30 } };
  const config = makeConfig({ rules: [rule] });
  const jobs = { a: runningJob({ name: "a" }), b: makeJob({ name: "b" }) };
  const mode = { stopping: false, journalHealthy: true };
  let world = freeze(newWorld(jobs));
  const verbs = [5, 90].map((others, second) => {
    const now = at(second);
    const sample = makeSample(now, { "cpu.others": others });
    const decided = decide(world, freeze({ sample, windows: [], config, now, mode }));
    world = freeze(decided.world);
    expect(Object.keys(decided.why())).toEqual(["a", "b"]);
    return decided.decisions.map(({ verb, job }) => `${verb} ${job}`);
  });
  expect(verbs).toEqual([["start b"], ["pause a"]]);
  expect(world.jobs.a?.balance.backoff.busy?.count).toBe(1);
  expect(world.memory.last?.job).toBe("b");
});

const input: TickInput = freeze({
  sample: makeSample(at(0)),
  windows: [],
  config: makeConfig(),
  now: at(0),
  mode: { stopping: false, journalHealthy: true },
  ...newWorld({ tts: makeJob() }),
  rules: [],
  idle: [],
});
const job: (typeof input.jobs)[string] = freeze(makeJob());

/** Each must be an error of types too, or `npm run types` fails here. */
const writes: Record<string, () => void> = {
  "another job into the map"() {
    // @ts-expect-error
    input.jobs.tts = job;
  },
  "another map"() {
    // @ts-expect-error
    input.jobs = {};
  },
  "a fact of a job"() {
    // @ts-expect-error
    job.manual = null;
  },
  "what the policy remembers"() {
    // @ts-expect-error
    input.memory.last = null;
  },
  "what is in it"() {
    // @ts-expect-error
    input.memory.windows.night = true;
  },
};

test.each(Object.entries(writes))("a stage can't write %s", (_, write) => expect(write).toThrow(TypeError));
