/** Covers: src/decide/lifecycle/learn.ts, src/decide/lifecycle/on-seen.ts, src/decide/lifecycle/resume-completed.ts */
import { describe, expect, test } from "vitest";
import {
  at,
  exitCode,
  makeCheckpoint,
  makeJob,
  makeRank,
  runningJob,
  Story,
  startDecision,
} from "../make.ts";

const save = (step: number, second: number) => ({ checkpoints: [makeCheckpoint(step, at(second))] });

describe("from waiting to running", () => {
  test("launched, its pid known, at work", () => {
    const story = new Story(makeJob()).launch(10);
    expect([story.state, story.told(), story.did()]).toEqual(["starting", ["job.started"], ["launch"]]);
    expect(story.see(11, { pid: null, alive: false }).state).toBe("starting");
    story.see(12, { ranks: [makeRank({ state: "ready" })] });
    expect(story.job.state).toMatchObject({ name: "running", run: { number: 1, pid: 4711 } });
    expect(story.job.understands).toBe("contract");
  });

  test("what it understands: the contract, the signal, or nothing", () => {
    const seen = (signalCaught: boolean | null) =>
      new Story(makeJob()).launch(1).see(2, { signalCaught }).job.understands;
    expect([seen(true), seen(false), seen(null)]).toEqual(["signal", "nothing", "nothing"]);
  });

  test("a launch that failed is a failure that is tried again", () => {
    const story = new Story(makeJob()).launch(1).on(2, { kind: "launch-failed", reason: "no such folder" });
    expect([story.state, story.told()]).toEqual(["waiting", ["job.started", "job.failed"]]);
  });

  test("a launch that failed by what the supervisor lacks is tried again, however often, and counts as no failure", () => {
    const story = new Story(makeJob());
    for (let second = 0; second < 200; second += 40) {
      story.launch(second).on(second + 1, { kind: "launch-failed", reason: "Node is gone", unready: true });
      const { state, attempts, unready } = story.job;
      expect([state.name, attempts.failures, unready]).toEqual(["waiting", 0, "Node is gone"]);
      expect(attempts.notBeforeMs).toBe(at(second + 31).monotonicMs);
    }
    expect(story.launch(400).job.unready).toBeUndefined();
    expect(new Set(story.told())).toEqual(new Set(["job.started", "job.failed"]));
  });

  test("beside what can't be read now it isn't launched, which is told once and no failure", () => {
    const story = new Story(makeJob());
    for (const second of [1, 40, 80]) {
      story.on(second, { kind: "unread", path: "/x/step-00000009" });
      const { state, attempts, runs } = story.job;
      expect([state.name, attempts.failures, runs]).toEqual(["waiting", 0, 0]);
      expect(attempts.notBeforeMs).toBe(at(second + 30).monotonicMs);
    }
    expect(story.told()).toEqual(["checkpoint.rejected"]);
    expect(story.reasons[0]).toBe(
      "It isn't launched: /x/step-00000009, which the job may need to resume, can't be read now. It is looked at again every 30 s. To go on without it, move it away or rerun the job.",
    );
    // Of the folder of all, whose checkpoints a rerun couldn't set aside either.
    story.on(110, { kind: "unread", path: "/x/checkpoints" });
    expect(story.reasons[1]).toMatch(/To go on without it, move it away\.$/);
    expect(story.launch(140).job).toMatchObject({ runs: 1 });
    expect(story.job.unready).toBeUndefined();
    const other = new Story(makeJob({ checkpoint: { glob: "out/*.pt" } }));
    other.on(1, { kind: "unread", path: "/x/out" });
    expect(other.reasons[0]).toMatch(/To go on without it, move it away or rerun the job\.$/);
  });

  test("a job that counts no steps is at work once it says so", () => {
    const story = new Story(makeJob()).launch(0).see(1, { ranks: [makeRank({ state: "ready" })] });
    story.see(4, { ranks: [makeRank({ state: "running" })] });
    expect(story.job.learned.reloadMs?.recent).toEqual([4000]);
  });

  test("loading is measured until the first new step, work from then on", () => {
    const story = new Story(makeJob()).launch(0).see(1, { ranks: [makeRank({ state: "ready" })] });
    story.see(8, { ranks: [makeRank({ step: 1 })] }).see(68, { ranks: [makeRank({ step: 61 })] });
    expect(story.job.learned.reloadMs?.recent).toEqual([8000]);
    expect(story.pause(68).job.balance.productiveMs).toBe(60_000);
  });
});

describe("a resume", () => {
  const paused = () =>
    new Story(runningJob())
      .pause(100)
      .see(101, { exit: exitCode(75), ...save(50, 101), ranks: [makeRank({ step: 50, state: "paused" })] });

  test("is requested with its launch and completed at its first new step", () => {
    const story = paused();
    story.told();
    story
      .launch(200, makeCheckpoint(50, at(101)))
      .see(201, { ranks: [makeRank({ step: 50, state: "ready" })] });
    expect(story.told()).toEqual(["resume.requested"]);
    story.see(205, { ranks: [makeRank({ step: 51 })] });
    expect(story.told()).toEqual(["resume.completed"]);
    expect(story.outcomes.at(-1)).toMatchObject({ reloadMs: 5000, step: 51, resumedAtStep: 50 });
    expect(story.job.state).toMatchObject({ run: { number: 2, resumedAtStep: 50 } });
  });

  test("of a pause that a rule asked for counts as overhead; any other doesn't", () => {
    const cost = (actor: "user" | "rule:busy"): number => {
      const story = new Story(runningJob()).pause(100, { cause: { actor, reason: "x", critical: false } });
      story.see(103, {
        exit: exitCode(75),
        ...save(50, 101),
        ranks: [makeRank({ step: 50, state: "paused" })],
      });
      return story.launch(200, makeCheckpoint(50, at(101))).see(204, { ranks: [makeRank({ step: 51 })] }).job
        .balance.overheadMs;
    };
    expect([cost("rule:busy"), cost("user")]).toEqual([7000, 0]);
  });

  test("that dies before its first step has failed", () => {
    const story = paused()
      .launch(200)
      .see(201, { exit: exitCode(1) });
    expect(story.told().slice(-2)).toEqual(["resume.failed", "job.failed"]);
  });
});

test("when its first run began is remembered, and moves back only with a clock that was set back", () => {
  const story = new Story(makeJob()).launch(100).see(101, { exit: exitCode(1) });
  expect(story.job.firstRunMs).toBe(at(100).wallMs);
  expect(story.launch(200).see(201, { exit: exitCode(1) }).job.firstRunMs).toBe(at(100).wallMs);
  const setBack = { wallMs: at(-5000).wallMs, monotonicMs: at(300).monotonicMs };
  const decision = startDecision("tts");
  const identity = { id: "r3", bootId: "b" };
  story.at(setBack, { kind: "launch", decision, identity, resumeFrom: null, gpus: [] });
  expect(story.job.firstRunMs).toBe(setBack.wallMs);
});
