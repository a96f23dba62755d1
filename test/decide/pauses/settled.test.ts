/** What a supervisor that stops still waits for. */
import { expect, it } from "vitest";
import { isSettled } from "../../../src/decide/pauses/settled.ts";
import type { Job } from "../../../src/model/job.ts";
import { at, makeJob, makeRun, runningJob } from "../make.ts";

const run = makeRun();
const since = at(0);
const working = (spec: object, understands: Job["understands"]): Job =>
  runningJob(spec, { understands, state: { name: "running", since, run } });
const pausing = (overdue: string | null, deadlineSeconds: number): Job =>
  makeJob({}, {
    state: { name: "pausing", since, run, request: { overdue, deadlineMs: at(deadlineSeconds).monotonicMs } },
  } as unknown as Partial<Job>);
const held = (name: "frozen" | "standby", more: object = {}): Job =>
  makeJob({}, { state: { name, since, run, ...more } } as unknown as Partial<Job>);

it.each([
  ["works and saves", working({}, "contract"), false],
  ["is only starting", makeJob({}, { state: { name: "starting", since, run } }), false],
  ["pauses within its grace", pausing(null, 60), false],
  ["was told to end a moment ago", pausing("terminated", 60), false],
  ["is on standby, and can give its memory back", held("standby"), false],
  ["has no run", makeJob({}, { state: { name: "finished", since } }), true],
  ["is frozen", held("frozen"), true],
  ["is on standby in its server", held("standby", { server: "asleep" }), true],
  ["is overdue and is forced no further", pausing("waiting", 60), true],
  ["was told to end and hasn't", pausing("terminated", 10), true],
  ["can be paused by nothing", { ...working({}, "nothing"), worldSize: 4 }, true],
])("a job that %s", (_, job, settled) => {
  expect(isSettled(job, at(20))).toBe(settled);
});
