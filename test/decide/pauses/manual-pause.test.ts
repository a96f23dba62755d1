/** What a wish for a pause comes to in each state of a job. */
import { expect, test } from "vitest";
import { manualRequest } from "../../../src/decide/manual-request.ts";
import { manualPause } from "../../../src/decide/pauses/manual-pause.ts";
import { newWorld } from "../../../src/decide/world.ts";
import type { Job, Manual } from "../../../src/model/job.ts";
import type { JobState } from "../../../src/model/state.ts";
import { pausingState, running } from "../days.ts";
import { at, makeJob, makeRun } from "../make.ts";

const wish: Manual = { want: "pause", sinceMs: 0, untilMs: null, by: "ana" };
const working = running("tts");
const inState = (state: JobState): Job => ({ ...working, state });
const asked = (job: Job, more: Partial<typeof wish> = {}) => {
  const pause = manualPause({ ...job, manual: { ...wish, ...more } });
  return pause && (pause.end ? "end" : pause.method);
};

test("only what works can be paused; asked again, it isn't asked twice", () => {
  const run = makeRun();
  expect(asked(working)).toBe("checkpoint");
  expect(asked(makeJob())).toBeNull();
  expect(asked(inState({ name: "lost", since: at(0), run }))).toBeNull();
  expect(asked(inState(pausingState("tts", 0)))).toBeNull();
});

test("by force: frozen where its grace ran out, ended whatever it does, and both once", () => {
  const { name, since, run, request } = pausingState("tts", 0);
  const overdue = (more: Partial<typeof request>): Job =>
    inState({ name, since, run, request: { ...request, ...more } });
  expect(asked(working, { force: "freeze" })).toBe("freeze");
  expect(asked(overdue({ overdue: "waiting" }), { force: "freeze" })).toBe("freeze");
  expect(asked(overdue({ overdue: "frozen" }), { force: "freeze" })).toBeNull();
  expect(asked(overdue({}), { force: "terminate" })).toBe("end");
  expect(asked(overdue({ endedByHand: true }), { force: "terminate" })).toBeNull();
});

test("a request is decided at once, for each job that can be paused now", () => {
  const jobs = { tts: working, stt: makeJob({ name: "stt" }) };
  const request = { verb: "pause" as const, jobs: ["tts", "stt"], untilMs: null, by: "ana" };
  const { decisions, errors, world } = manualRequest(newWorld(jobs), request, [], at(5));
  expect(decisions.map(({ job, cause }) => [job, cause.actor, cause.reason])).toEqual([
    ["tts", "user", "Asked for by ana."],
  ]);
  expect([errors, world.jobs.stt?.manual?.want]).toEqual([[], "pause"]);
});
