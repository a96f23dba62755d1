/** Covers: src/decide/lifecycle/end/steps-lost.ts */
import { describe, expect, test } from "vitest";
import { at, exitCode, figure, makeCheckpoint, makeRank, runningJob, Story } from "../../make.ts";
import { asked, save } from "./asked.ts";

describe("the grace", () => {
  const late = (onTimeout: string, facts = {}) =>
    asked({ pause: { graceSeconds: 30, onTimeout } } as never, facts);

  test("over: said once, nothing forced by default", () => {
    const story = late("wait").see(129.9).see(130).see(200);
    expect([story.told(), story.state]).toEqual([["pause.requested", "pause.overdue"], "pausing"]);
    expect(story.did().filter((one) => one !== "ring" && one !== "control pause")).toEqual([]);
  });

  test.each(["freeze", "terminate", "kill"])(
    "%s isn't done a moment before its end, and is told apart",
    (force) => {
      const story = late(force, { checkpoint: makeCheckpoint(40, at(-9)), progress: { step: 52 } as never });
      story.see(129.9, { ranks: [makeRank({ step: 52, sequence: 1 })] });
      expect(story.did()).not.toContain(force);
      story.see(130, { ranks: [makeRank({ step: 52, sequence: 1 })] });
      expect(story.did()).toContain(force);
      expect(story.told().slice(-2)).toEqual(["pause.overdue", "pause.forced"]);
      if (force !== "freeze") expect(story.reasons.at(-1)).toMatch(/12 steps/);
    },
  );

  test("several ranks are never frozen", () => {
    const story = late("freeze").see(131, { ranks: [makeRank({ worldSize: 2 })] });
    expect(story.did()).not.toContain("freeze");
  });

  test("a killed job is paused with the steps that it lost", () => {
    const story = late("kill", { checkpoint: makeCheckpoint(40, at(-9)), progress: { step: 52 } as never });
    story.see(130).see(131, { exit: { known: true, code: 137, signal: "SIGKILL" } });
    expect(story.state).toBe("paused");
    expect(story.reasons.at(-1)).toMatch(/12 steps lost/);
  });

  test("a program that exits with 0 because it was terminated hasn't finished, unless it says so", () => {
    expect(
      late("terminate")
        .see(130)
        .see(131, { exit: exitCode(0) }).state,
    ).toBe("paused");
    const ranks = [makeRank({ state: "finished" })];
    expect(
      late("terminate")
        .see(130)
        .see(131, { exit: exitCode(0), ranks }).state,
    ).toBe("finished");
  });

  test("stands still while a save grows", () => {
    const story = late("kill");
    for (let second = 101; second <= 400; second += 1)
      story.see(second, { ranks: [makeRank({ state: "saving", sequence: 1, bytesSaved: second * 1e6 })] });
    expect(story.told()).toEqual(["pause.requested"]);
    for (let second = 401; second <= 428; second += 1)
      story.see(second, { ranks: [makeRank({ state: "saving", sequence: 1, bytesSaved: 400e6 })] });
    expect(story.told()).toEqual([]);
    story.see(430, { ranks: [makeRank({ state: "saving", sequence: 1, bytesSaved: 400e6 })] });
    expect(story.told()).toEqual(["pause.overdue", "pause.forced"]);
  });

  test("auto is three times the slowest save, at least two minutes", () => {
    const grace = (...saves: number[]): number => {
      const { job } = asked({}, { learned: saves.length === 0 ? {} : { saveMs: figure(...saves) } });
      return job.state.name === "pausing" ? job.state.request.deadlineMs - at(100).monotonicMs : 0;
    };
    expect([grace(), grace(10_000), grace(20_000, 100_000, 9000)]).toEqual([120_000, 120_000, 300_000]);
  });
});

describe("ended by hand", () => {
  const saved = { checkpoint: makeCheckpoint(40, at(-9)), progress: { step: 52 } as never };
  const ranks = [makeRank({ step: 52 })];
  const gone = { exit: { known: true, code: 143, signal: "SIGTERM" } as const, ranks };

  test("an overdue pause: said with the steps lost, paused once it is gone, killed only if it stays", () => {
    const story = asked({ pause: { graceSeconds: 30 } }, saved).see(131, { ranks });
    story.told();
    story.did();
    story.pause(140, { end: true });
    expect([story.told(), story.did()]).toEqual([["pause.forced"], ["terminate"]]);
    expect(story.reasons.at(-1)).toMatch(/12 steps since its last checkpoint are lost/);
    expect(story.outcomes.at(-1)).toEqual({ method: "terminate", stepsLost: 12 });
    expect(story.see(169, { ranks }).did()).toEqual([]);
    expect(story.see(170, { ranks }).did()).toEqual(["kill"]);
    expect(story.see(171, { ranks }).did()).toEqual([]);
    story.see(172, gone);
    expect([story.state, story.reasons.at(-1)]).toEqual(["paused", expect.stringMatching(/12 steps lost/)]);
  });

  test("a save that begins then isn't cut short", () => {
    const story = new Story(runningJob({}, saved)).pause(100, { end: true });
    for (let second = 101; second < 200; second += 1)
      story.see(second, { ranks: [makeRank({ state: "saving", step: 52, bytesSaved: second })] });
    expect(story.did()).toEqual(["terminate"]);
    story.see(200, { exit: exitCode(0), ...save(52, 199) });
    expect([story.state, story.told().at(-1)]).toEqual(["paused", "pause.completed"]);
  });

  test.each(["running", "frozen", "standby"] as const)("from %s, without a word of saving", (from) => {
    const story = new Story(runningJob({}, saved));
    if (from === "frozen") story.pause(90, { method: "freeze" }).see(91, { stopped: true, ranks });
    if (from === "standby")
      story
        .pause(90, { method: "standby" })
        .see(91, { ranks: [makeRank({ state: "standby", sequence: 1 })] });
    expect(story.state).toBe(from);
    story.did();
    expect(story.pause(100, { end: true }).did()).toEqual(["terminate"]);
    expect(story.see(101, { ranks }).see(110, { ranks }).did()).toEqual([]);
    expect(story.see(111, gone).state).toBe("paused");
  });
});
