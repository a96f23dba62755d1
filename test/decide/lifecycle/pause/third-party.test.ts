/**
 * Programs that don't keep the contract: asked by a signal of their own, or not at all.
 * Covers: src/decide/lifecycle/pause/end-once-saved.ts, src/decide/lifecycle/pause/pause-asked.ts
 */
import { describe, expect, test } from "vitest";
import type { Checkpoint } from "../../../../src/model/run.ts";
import { at, exitCode, makeCheckpoint, makeRank, runningJob, Story } from "../../make.ts";
import { asked } from "./asked.ts";

describe("a third-party job", () => {
  const spec = { pause: { signal: "SIGTERM", exitCodes: [143] }, checkpoint: { glob: "out/*" } } as const;
  const theirs = (second: number) => ({
    checkpoints: [makeCheckpoint(5, at(second), { path: "/o/5", verified: "size and age only" })],
  });
  const story = () => asked(spec, { understands: "signal" });

  test("gets its signal once: a second might mean 'now, at once'", () => {
    const one = story();
    expect(one.did()).toEqual(["control pause"]);
    for (let second = 101; second < 130; second += 1) one.see(second, { signalCaught: true });
    expect(one.did()).toEqual([]);
  });

  test("that doesn't catch it now isn't signalled until it does, and that is said once", () => {
    const one = asked(spec, { understands: "nothing" });
    one.see(101, { signalCaught: false }).see(102, { signalCaught: false });
    expect([one.did(), one.told()]).toEqual([["control pause"], ["pause.requested", "pause.overdue"]]);
    expect(one.see(103, { signalCaught: true }).did()).toEqual(["ring"]);
  });

  test("is paused by its own code only with a checkpoint newer than the request", () => {
    expect(story().see(110, { exit: exitCode(143), ...theirs(105) }).state).toBe("paused");
    const old = story().see(110, { exit: exitCode(143), ...theirs(50) });
    expect([old.state, old.told()]).toEqual([
      "waiting",
      ["pause.requested", "checkpoint.verified", "pause.failed", "job.failed"],
    ]);
  });

  test("its own code without a request is a failure", () => {
    const one = new Story(runningJob(spec, { understands: "signal" })).see(10, {
      exit: exitCode(143),
      ...theirs(5),
    });
    expect(one.state).toBe("waiting");
  });

  test("its files are never pruned", () => {
    expect(
      story()
        .see(110, { exit: exitCode(75), ...theirs(105) })
        .did(),
    ).not.toContain("prune");
  });
});

describe("a program that saves when it likes", () => {
  const saved = (step: number, second: number) => ({
    checkpoints: [makeCheckpoint(step, at(second), { path: `/o/${step}`, verified: "size and age only" })],
    ranks: [],
  });
  const story = (more: object = {}) =>
    asked({ ...more, checkpoint: { glob: "out/*" } }, { understands: "nothing", progress: null });

  test("isn't asked, and is ended once its next checkpoint has been left alone for a while", () => {
    const one = story();
    expect(one.did()).toEqual([]);
    one.see(104, saved(50, 90)).see(106, saved(75, 105));
    expect(one.did()).toEqual([]);
    expect(one.see(109, saved(75, 105)).did()).toEqual(["terminate"]);
    expect(one.reasons.at(-1)).toBe(
      "It can't be asked to save; it saved step 75 by itself 5 s after the request, so it is ended.",
    );
    one.see(110, { ...saved(75, 105), exit: { known: true, code: 143, signal: "SIGTERM" } });
    expect([one.state, one.told().at(-1)]).toEqual(["paused", "pause.completed"]);
    expect(one.outcomes.at(-1)).toMatchObject({ step: 75, stepsLost: null });
  });

  test("that saves all the time is ended with the newest that is old enough", () => {
    const one = story().see(103, saved(10, 101));
    const both = [...saved(20, 105).checkpoints, ...saved(10, 101).checkpoints];
    one.did();
    expect(one.see(105, { ranks: [], checkpoints: both }).did()).toEqual(["terminate"]);
  });

  test("whose checkpoint is still smaller than the one before it is given longer to write the rest", () => {
    const sized = (bytes: number, second = 105) => ({
      ranks: [],
      checkpoints: [
        { ...saved(75, second).checkpoints[0], bytes },
        { ...saved(50, 90).checkpoints[0], bytes: 3_000_000 },
      ] as Checkpoint[],
    });
    const half = story().see(104, saved(50, 90)).see(106, sized(1_000_000));
    half.did();
    expect(half.see(134, sized(1_000_000)).did()).toEqual([]);
    expect(half.see(135, sized(1_000_000)).did()).toEqual(["terminate"]);
    const whole = story().see(104, saved(50, 90)).see(106, sized(1_000_000));
    whole.did();
    expect(whole.see(120, sized(2_950_000, 116)).did()).toEqual(["terminate"]);
  });

  test("isn't ended while it reports that it saves", () => {
    const saving = { ...saved(75, 105), ranks: [makeRank({ state: "saving" })] };
    expect(story().see(110, saving).did()).not.toContain("terminate");
  });

  test("whose grace runs out before it saves: what `onTimeout` says", () => {
    const one = story({ pause: { graceSeconds: 30, onTimeout: "terminate" } });
    expect(one.see(131, saved(50, 90)).did()).toEqual(["terminate"]);
    one.see(132, { ...saved(50, 90), exit: { known: true, code: 143, signal: "SIGTERM" } });
    expect([one.state, one.told().at(-1)]).toEqual(["paused", "pause.failed"]);
  });
});
