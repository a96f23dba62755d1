import { describe, expect, test } from "vitest";
import { Days } from "../days.ts";
import { at, exitCode, makeCheckpoint, makeJob, makeRank, makeRun, runningJob, Story } from "../make.ts";

const MINUTES = 3;
const cause = {
  actor: "supervisor" as const,
  reason: "Its time limit is reached: 3 min at work.",
  critical: false,
  ends: true as const,
};

describe("a time limit", () => {
  const worked = (facts: object) =>
    runningJob({ name: "a", timeLimitMinutes: MINUTES }, { ranMs: 60_000, ...facts });

  test("counts earlier runs, says when it comes, and asks then for a checkpoint, else ends the run", () => {
    const state = { name: "running" as const, since: at(0), run: makeRun() };
    const days = new Days(
      { rules: [] },
      { ...worked({ state }), understands: "contract" },
      { ...worked({ state }), name: "b", understands: "nothing" },
      { ...worked({ state, ranMs: 1000 }), name: "c" },
    );
    expect(days.tick(119)).toEqual([]);
    expect(days.why.a?.next).toEqual({ what: "time-limit", atMs: at(120).wallMs });
    expect(days.tick(120)).toEqual(["pause a by checkpoint", "pause b by checkpoint"]);
    expect(days.decisions.map((one) => "end" in one)).toEqual([false, true]);
    expect(days.last.reasons[0]).toBe(cause.reason);
  });

  test("ends what doesn't save within its grace, once, though 'onTimeout' waits", () => {
    const story = new Story(worked({})).pause(200, { cause }).see(1000);
    expect(story.job.state).toMatchObject({ name: "pausing", request: { overdue: "waiting" } });
    const days = new Days({ rules: [] }, story.job);
    expect([days.tick(1001), days.decisions.map((one) => "end" in one)]).toEqual([
      ["pause a by checkpoint"],
      [true],
    ]);
    const [decision] = days.decisions;
    if (decision?.verb !== "pause") throw new Error("no pause");
    story.did();
    story.on(1001, { kind: "pause", decision });
    expect(story.did()).toEqual(["terminate"]);
    expect(new Days({ rules: [] }, story.job).tick(1002)).toEqual([]);
  });

  test("leaves the job ended, whether it has saved or not; a second chance begins at 0", () => {
    const saved = new Story(worked({})).pause(120, { cause });
    saved.see(125, {
      alive: false,
      exit: exitCode(75),
      ranks: [makeRank({ state: "paused", step: 40 })],
      checkpoints: [makeCheckpoint(40, at(124))],
    });
    expect(saved.job.state).toMatchObject({
      name: "failed",
      reason: `${cause.reason} Its last checkpoint is of step 40. It isn't resumed by itself.`,
    });
    expect(saved.told()).toEqual(expect.arrayContaining(["pause.completed", "job.failed"]));
    expect(saved.job.ranMs).toBeGreaterThan(60_000);
    expect(saved.on(130, { kind: "retry", by: "ida" }).job).toMatchObject({
      ranMs: 0,
      state: { name: "waiting" },
    });

    const crashed = new Story(worked({})).pause(120, { cause });
    crashed.see(125, { alive: false, exit: exitCode(1), ranks: [makeRank({ state: "running", step: 40 })] });
    expect(crashed.job.state.name).toBe("failed");
    expect(crashed.reasons.join(" ")).toContain("stays failed as its time limit is reached");
  });
});

test("a job without a limit has none", () => {
  const days = new Days({ rules: [] }, runningJob({ name: "a" }, { ranMs: 1e12 }));
  expect([days.tick(1), days.why.a?.next]).toEqual([[], null]);
  expect(makeJob().spec.timeLimitMinutes).toBeUndefined();
});
