import { describe, expect, test } from "vitest";
import { at, makeRank, runningJob, Story } from "../make.ts";

describe("a stall", () => {
  const working = () => {
    const story = new Story(runningJob());
    for (let second = 1; second <= 20; second += 1)
      story.see(second, { ranks: [makeRank({ step: second })] });
    return story;
  };
  const still = { ranks: [makeRank({ step: 20 })] };

  test("is said once, after ten minutes without a step", () => {
    const story = working().see(619, still);
    expect(story.told()).toEqual([]);
    story.see(621, still).see(700, still);
    expect(story.told()).toEqual(["job.stalled"]);
    expect(story.job.progress?.stalledSinceMs).toBe(at(20).wallMs);
    expect(story.see(800, { ranks: [makeRank({ step: 21 })] }).job.progress?.stalledSinceMs).toBeUndefined();
  });

  test("isn't one while the job was frozen", () => {
    const story = working()
      .pause(21, { method: "freeze" })
      .see(22, { stopped: true })
      .launch(2000)
      .see(2001, still);
    expect(story.told()).not.toContain("job.stalled");
  });

  test("nor is the time that it was frozen one step's", () => {
    const story = working()
      .pause(21, { method: "freeze" })
      .see(22, { stopped: true })
      .launch(2000)
      .see(2001, still)
      .see(2002, { ranks: [makeRank({ step: 21 })] })
      .see(2003, { ranks: [makeRank({ step: 22 })] });
    expect(story.job.progress?.stepMs).toBeCloseTo(1000);
  });
});
