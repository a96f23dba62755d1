/** Covers: src/decide/lifecycle/pause/pause-asked.ts, src/decide/lifecycle/pause/pause-ended.ts */
import { describe, expect, test } from "vitest";
import { at, exitCode, figure, makeCheckpoint, makeRank, runningJob, Story } from "../../make.ts";
import { asked, save } from "./asked.ts";

describe("a library job", () => {
  test("is asked, acknowledges, saves, exits 75: paused, with what it took", () => {
    const story = new Story(runningJob({}, { learned: { reloadMs: figure(2000), memoryMiB: figure(900) } }));
    story.see(99, { ranks: [makeRank({ step: 48 })] }, 4000).pause(100);
    expect([story.told(), story.did()]).toEqual([["pause.requested"], ["control pause"]]);
    story.see(101, { ranks: [makeRank({ step: 49, state: "saving", sequence: 1 })] }, 4000);
    story.see(
      104,
      { exit: exitCode(75), ranks: [makeRank({ step: 50, state: "paused", sequence: 1 })], ...save(50, 103) },
      4900,
    );
    expect(story.state).toBe("paused");
    expect(story.told()).toEqual(["checkpoint.verified", "pause.completed"]);
    expect(story.did()).toEqual(["prune", "tidy", "verify"]);
    expect(story.job.learned).toMatchObject({
      saveMs: { count: 1, recent: [3000] },
      leaveMs: { count: 1, recent: [1000] },
      stepsRedone: { count: 1, recent: [0] },
    });
    expect(story.job.balance.overheadMs).toBe(4000);
    expect(story.reasons.at(-1)).toBe(
      "Paused: step 50 saved (977 KiB, verified), gone after 4 s; 900 MiB of memory released; 0 steps lost.",
    );
  });

  test("its outcome holds the figures", () => {
    const story = asked().see(101, {}, 4000);
    story.see(104, { exit: exitCode(75), ranks: [makeRank({ step: 7 })], ...save(7, 103) }, 4900);
    expect(story.outcomes.at(-1)).toMatchObject({
      signalToCheckpointMs: 3000,
      goneAfterMs: 4000,
      bytes: 1_000_000,
      step: 7,
      stepsLost: 0,
      freeMemoryRoseMiB: 900,
    });
  });

  test("is rung after 1, 2, 4, 8 and then every 10 s until it acknowledges", () => {
    const story = asked();
    const rung: number[] = [];
    story.did();
    for (let second = 101; second <= 150; second += 1) {
      story.see(second, { ranks: [makeRank({ sequence: second >= 140 ? 1 : 0 })] });
      if (story.did().includes("ring")) rung.push(second - 100);
    }
    expect(rung).toEqual([1, 2, 4, 8, 16, 26, 36]);
  });

  test("whose step is further than its checkpoint has lost steps, and that is said", () => {
    const story = asked({}, { checkpoint: makeCheckpoint(40, at(-50)) });
    story.see(103, {
      exit: exitCode(75),
      ranks: [makeRank({ step: 50, state: "running", sequence: 1 })],
      ...save(40, -50),
    });
    expect([story.state, story.told()]).toEqual(["paused", ["pause.requested", "pause.failed"]]);
    expect(story.reasons.at(-1)).toMatch(/checkpoint before \(step 40\); 10 steps lost/);
  });

  test("with no checkpoint at all begins again, and that is said", () => {
    const story = asked().see(103, { exit: exitCode(75) });
    expect(story.state).toBe("paused");
    expect(story.reasons.at(-1)).toMatch(/from the beginning/);
  });

  test("that finishes while it is asked has finished", () => {
    const story = asked().see(101, { exit: exitCode(0), ranks: [makeRank({ state: "finished" })] });
    expect([story.state, story.told().at(-1)]).toEqual(["finished", "job.finished"]);
  });

  test("that dies while saving has failed to pause and is tried again from the last checkpoint", () => {
    const story = asked({}, { checkpoint: makeCheckpoint(40, at(-50)) });
    story.see(101, { exit: exitCode(1), ranks: [makeRank({ step: 45, state: "saving" })], ...save(40, -50) });
    expect([story.state, story.told()]).toEqual([
      "waiting",
      ["pause.requested", "pause.failed", "job.failed"],
    ]);
  });

  test("whose exit nobody recorded is lost, never finished", () => {
    const story = asked().see(101, { exit: { known: false } });
    expect([story.state, story.told()]).toEqual(["waiting", ["pause.requested", "pause.failed", "job.lost"]]);
  });

  test("isn't paused while one of its processes remains, which is named once", () => {
    const left = { exit: exitCode(75), leftovers: [{ pid: 99, command: "loader" }], ...save(5, 101) };
    const story = asked().see(102, left).see(103, left);
    expect([story.state, story.told()]).toEqual([
      "pausing",
      ["pause.requested", "checkpoint.verified", "pause.overdue"],
    ]);
    expect(story.reasons.at(-1)).toMatch(/'loader' \(pid 99\)/);
    expect(story.see(104, { ...left, leftovers: [] }).state).toBe("paused");
  });
});

describe("several ranks", () => {
  const ranks = (...steps: number[]) =>
    steps.map((step, rank) => makeRank({ rank, worldSize: 2, step, state: "paused", sequence: 1 }));

  test("that all reported the same step are paused, whatever their launcher's exit code", () => {
    expect(asked().see(101, { exit: exitCode(1), ranks: ranks(9, 9), ...save(9, 101) }).state).toBe("paused");
  });

  test("are told by their steps in the event", () => {
    const story = asked().see(101, { exit: exitCode(1), ranks: ranks(9, 9), ...save(9, 101) });
    expect(story.reasons.at(-1)).toContain("step 9 of all 2 ranks saved");
    expect(story.outcomes.at(-1)?.ranks).toEqual([
      { rank: 0, step: 9 },
      { rank: 1, step: 9 },
    ]);
  });

  test("of which one hasn't said so yet are waited for, even if their launcher failed", () => {
    const [one] = ranks(9);
    const other = makeRank({ rank: 1, worldSize: 2, step: 8, state: "saving", sequence: 1 });
    const both = { exit: exitCode(1), ranks: [one as typeof other, other], ...save(9, 101) };
    const story = asked().see(101, both);
    expect(story.state).toBe("pausing");
    expect(story.see(102, { exit: exitCode(1), ranks: ranks(9, 9), ...save(9, 101) }).state).toBe("paused");
    const never = asked().see(101, both).see(162, both);
    expect(never.told().at(-1)).toBe("job.failed");
  });

  test("that disagree are read again for a minute, then the promise is broken aloud", () => {
    const story = asked();
    for (let second = 101; second < 161; second += 1)
      story.see(second, { exit: exitCode(75), ranks: ranks(9, 8), ...save(9, 101) });
    expect(story.state).toBe("pausing");
    story.see(161, { exit: exitCode(75), ranks: ranks(9, 8), ...save(9, 101) });
    expect([story.state, story.told().at(-1)]).toEqual(["paused", "pause.failed"]);
  });

  test("of which one report lags are paused once it is there", () => {
    const story = asked().see(101, { exit: exitCode(75), ranks: ranks(9), ...save(9, 101) });
    expect(story.state).toBe("pausing");
    expect(story.see(130, { exit: exitCode(75), ranks: ranks(9, 9), ...save(9, 101) }).state).toBe("paused");
  });
});
