import { describe, expect, test } from "vitest";
import type { Seen } from "../../../src/model/seen.ts";
import { at, exitCode, makeCheckpoint, makeJob, makeRank, makeSeen, runningJob, Story } from "../make.ts";

describe("a clock that somebody sets while it runs", () => {
  const hours = 3_600_000;
  const see = (story: Story, second: number, byMs: number, facts: Partial<Seen>) => {
    const now = { ...at(second), wallMs: at(second).wallMs + byMs };
    return story.at(now, { kind: "seen", seen: makeSeen(facts), availableMiB: null });
  };
  const working = () => {
    const story = new Story(runningJob());
    for (let second = 1; second <= 20; second += 1)
      story.see(second, { ranks: [makeRank({ step: second })] });
    return story;
  };

  test("forwards: no stall, and steps take as long as before", () => {
    const story = see(working(), 21, 3 * hours, { ranks: [makeRank({ step: 20 })] });
    expect(story.told()).toEqual([]);
    expect(see(story, 22, 3 * hours, { ranks: [makeRank({ step: 21 })] }).job.progress?.stepMs).toBeLessThan(
      2000,
    );
  });

  test("a real stall beside it is said with its true length", () => {
    const story = see(working(), 621, -3 * hours, { ranks: [makeRank({ step: 20 })] });
    expect(story.reasons).toEqual([expect.stringMatching(/^No step for 10 min .*; the last was 20\.$/)]);
    expect(story.job.progress?.stalledSinceMs).toBe(at(20).wallMs - 3 * hours);
  });

  test("backwards: a checkpoint that it saves then is progress, and what it goes on from", () => {
    const story = new Story(makeJob({ restart: { maxRetries: 2 } }));
    for (let run = 0; run < 6; run += 1) {
      const saved = makeCheckpoint(run + 1, { ...at(0), wallMs: at(0).wallMs - run * hours });
      story
        .launch(run * 100, story.job.checkpoint)
        .see(run * 100 + 9, { exit: exitCode(1), checkpoints: [saved] });
      expect(story.job.checkpoint).toEqual(saved);
    }
    expect([story.state, story.job.attempts.failures]).toEqual(["waiting", 1]);
  });

  test("backwards, in the middle of a pause: it completes with what it has saved", () => {
    const story = new Story(runningJob()).see(1, { checkpoints: [makeCheckpoint(3, at(1))] }).pause(2);
    const saved = makeCheckpoint(6, { ...at(3), wallMs: at(3).wallMs - 3 * hours });
    const ranks = [makeRank({ step: 6, state: "paused", sequence: 1 })];
    see(story, 4, -3 * hours, { exit: exitCode(75), ranks, checkpoints: [saved] });
    expect([story.state, story.job.checkpoint, story.told().at(-1)]).toEqual([
      "paused",
      saved,
      "pause.completed",
    ]);
    expect(story.outcomes.at(-1)).toMatchObject({ step: 6, stepsLost: 0, signalToCheckpointMs: 0 });
  });
});
