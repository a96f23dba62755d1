import { expect, test } from "vitest";
import { delaysSleep, sleepPause } from "../../../src/decide/pauses/sleep-pause.ts";
import { newWorld } from "../../../src/decide/world.ts";
import type { Job } from "../../../src/model/job.ts";
import { Days, pausedJob, pausingState } from "../days.ts";
import { at, makeConfig, makeRun, makeSample, runningJob } from "../make.ts";

const now = at(100);
const knows = { understands: "contract" } as const;
const nothing = { understands: "nothing" } as const;
const run = makeRun();
const frozen = { name: "frozen", since: at(50), run, cause: { actor: "user", reason: "x", critical: false } };
const slurm = makeRun({ slurm: { id: "7", state: "RUNNING" } as never });

/** Whether sleep waits for it, and how it is asked once sleep comes. */
function course(job: Job): (string | boolean | undefined)[] {
  const mode = { stopping: false, journalHealthy: true, sleepComes: true };
  const rest = { rules: [], idle: [], windows: [], config: makeConfig(), sample: makeSample(now), now, mode };
  const input = { ...newWorld({ [job.name]: job }), ...rest };
  expect(sleepPause(job, { ...input, mode: { ...mode, sleepComes: false } })).toBeNull();
  return [delaysSleep(job, now), sleepPause(job, input)?.method];
}

test.each<[string, Job, ReturnType<typeof course>]>([
  ["keeps the contract", runningJob({}, knows), [true, "checkpoint"]],
  [
    "would rather be frozen, and saves",
    runningJob({ pause: { method: "freeze" } }, knows),
    [true, "checkpoint"],
  ],
  ["stands by at pauses", runningJob({ pause: { method: "standby" } }, knows), [true, "checkpoint"]],
  [
    "stands by just now, its model in memory",
    runningJob(
      { pause: { method: "standby" } },
      { ...knows, state: { ...frozen, name: "standby" } as never },
    ),
    [true, "checkpoint"],
  ],
  ["knows nothing", runningJob({}, nothing), [false, undefined]],
  ["isn't known yet", runningJob({}, { understands: null }), [false, undefined]],
  ["is frozen", runningJob({}, { ...knows, state: frozen as never }), [false, undefined]],
  ["is paused", pausedJob("a", {}, knows), [false, undefined]],
  [
    "is a server asked by HTTP",
    runningJob({ pause: { method: "http", server: "vllm" } }),
    [false, undefined],
  ],
  [
    "runs on a cluster",
    runningJob({}, { ...knows, state: { name: "running", since: at(50), run: slurm } }),
    [false, undefined],
  ],
  ["is saving already", runningJob({}, { ...knows, state: pausingState("tts", 90) }), [true, undefined]],
])("one that %s", (_, job, expected) => {
  expect(course(job)).toEqual(expected);
});

test("a pause that has outlasted its grace delays no sleep", () => {
  const state = pausingState("tts", 90);
  const overdue = { ...state, request: { ...state.request, overdue: "waiting" as const } };
  expect(delaysSleep(runningJob({}, { ...knows, state: overdue }), now)).toBe(false);
});

test("nothing starts until the system is awake; then it goes on by the ordinary rules", () => {
  const days = new Days({ rules: [] }, runningJob({ name: "a" }, knows), pausedJob("b", {}, knows));
  days.mode = { stopping: false, journalHealthy: true, sleepComes: true };
  expect([days.tick(1), days.waits("b")]).toEqual([["pause a by checkpoint"], ["sleep"]]);
  expect(days.last.reasons[0]).toBe("The system is about to sleep.");
  days.mode = { stopping: false, journalHealthy: true };
  expect(days.tick(2)).toEqual(["resume b"]);
});
