/** What outlives a run's first process: ended only where the run has said that it is over. */
import { describe, expect, test } from "vitest";
import type { Run } from "../../../../src/model/run.ts";
import { runOf } from "../../../../src/model/state.ts";
import { at, exitCode, makeCheckpoint, makeRank, runningJob, Story } from "../../make.ts";

const DAEMON = { pid: 77, command: "tracker-service" };
const ends = (code: number, more: object = {}) => ({ exit: exitCode(code), leftovers: [DAEMON], ...more });

const acts = (exit: object, spec: object = {}): string[] => {
  const story = new Story(runningJob(spec));
  for (const second of [10, 19, 20, 30, 50, 60]) story.see(second, exit);
  return story.did();
};

describe("by default it is ended, first politely", () => {
  test.each([
    ["a failure", ends(1)],
    ["its report that it has finished", ends(0, { ranks: [makeRank({ state: "finished" })] })],
  ])("after %s", (_, exit) => expect(acts(exit)).toEqual(["terminate", "kill"]));

  test.each([
    ["a command that may have handed its work on", ends(0)],
    ["a first process that was killed", { ...ends(0), exit: { known: true, code: 137, signal: "SIGKILL" } }],
    ["an end that nobody recorded", { ...ends(0), exit: { known: false } }],
    ["a launcher whose rank still works", ends(1, { ranks: [makeRank({ pid: 77, state: "running" })] })],
  ])("but not after %s", (_, exit) => expect(acts(exit as object)).toEqual([]));

  test("in a pause once the run has saved, which is then complete", () => {
    const story = new Story(runningJob()).pause(100);
    const left = ends(75, {
      ranks: [makeRank({ state: "paused", step: 5 })],
      checkpoints: [makeCheckpoint(5, at(101))],
    });
    story.did();
    story.see(102, left).see(113, left);
    expect([story.state, story.did().filter((act) => act !== "prune")]).toEqual(["pausing", ["terminate"]]);
    expect(story.see(114, { ...left, leftovers: [] }).state).toBe("paused");
  });
});

test("`leave` doesn't wait for it, `wait` never ends it", () => {
  expect(new Story(runningJob({ leftovers: "leave" })).see(10, ends(0)).state).toBe("finished");
  expect(acts(ends(1), { leftovers: "wait" })).toEqual([]);
});

test("a command that detaches at once is running, and what it is waited for is known with its time", () => {
  const story = new Story(runningJob()).see(5, ends(0)).see(9, ends(0));
  expect(story.job.state).toMatchObject({ run: { left: { ...DAEMON, others: 0, since: at(5) } } });
  const run = runOf(story.job) as Run;
  const starting = new Story({ ...story.job, state: { name: "starting", since: at(0), run } });
  expect(starting.see(6, ends(0)).state).toBe("running");
});
