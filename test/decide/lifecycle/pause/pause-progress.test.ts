/**
 * Covers: src/decide/lifecycle/pause/pause-asked.ts, src/decide/lifecycle/pause/pause-ended.ts,
 * src/decide/lifecycle/pause/end-once-saved.ts
 */
import { describe, expect, test } from "vitest";
import type { Checkpoint } from "../../../../src/model/run.ts";
import { at, exitCode, figure, makeCheckpoint, makeRank, runningJob, Story } from "../../make.ts";

const asked = (spec = {}, facts = {}): Story => new Story(runningJob(spec, facts)).pause(100);
const save = (step: number, second: number) => ({ checkpoints: [makeCheckpoint(step, at(second))] });

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

describe("by freeze and by standby", () => {
  test("frozen once every process is seen to stand, frozen again until then", () => {
    const story = new Story(runningJob()).pause(100, { method: "freeze" });
    expect(story.did()).toEqual(["freeze"]);
    expect(story.see(101).did()).toEqual(["freeze"]);
    expect(story.see(102, { stopped: true }).state).toBe("frozen");
    expect(story.told()).toEqual(["pause.requested", "pause.completed"]);
  });

  test("continued by somebody else, it is frozen again", () => {
    const story = new Story(runningJob()).pause(100, { method: "freeze" }).see(101, { stopped: true });
    story.did();
    expect(story.see(102, { stopped: false }).did()).toEqual(["freeze"]);
  });

  test("thawed it goes on in its run", () => {
    const story = new Story(runningJob())
      .pause(100, { method: "freeze" })
      .see(101, { stopped: true })
      .launch(110);
    expect([story.state, story.did().at(-1)]).toEqual(["running", "thaw"]);
    story.see(111, { ranks: [makeRank()] });
    expect(story.told().slice(-2)).toEqual(["resume.requested", "resume.completed"]);
    expect(story.job.runs).toBe(1);
  });

  test("a frozen job that has to give its memory back is thawed and asked to save", () => {
    const story = new Story(runningJob()).pause(100, { method: "freeze" }).see(101, { stopped: true });
    story.did();
    story.pause(110);
    expect([story.state, story.did()]).toEqual(["pausing", ["thaw", "control pause"]]);
  });

  test("an overdue pause can be frozen by hand, and goes on to its checkpoint when thawed", () => {
    const story = asked({ pause: { graceSeconds: 30 } })
      .see(131, { ranks: [makeRank()] })
      .pause(140, { method: "freeze" });
    expect(story.job.state).toMatchObject({ name: "pausing", request: { overdue: "frozen" } });
    expect(story.did().at(-1)).toBe("freeze");
    story.launch(150);
    expect(story.job.state).toMatchObject({ name: "pausing", request: { overdue: "waiting" } });
    story.see(160, { exit: exitCode(75), ...save(5, 159) });
    expect(story.state).toBe("paused");
  });

  test("standby is reached when it is reported for this very request, and left by 'run'", () => {
    const story = new Story(runningJob()).pause(100, { method: "standby" });
    expect(story.did()).toEqual(["control standby"]);
    expect(story.see(101, { ranks: [makeRank({ state: "standby", sequence: 0 })] }).state).toBe("pausing");
    expect(story.see(102, { ranks: [makeRank({ state: "standby", sequence: 1 })] }).state).toBe("standby");
    story.did();
    expect(story.launch(110).did()).toEqual(["control run"]);
    expect(story.see(111, { ranks: [makeRank({ sequence: 1, state: "standby" })] }).did()).toEqual(["ring"]);
    expect(
      story
        .see(112, { ranks: [makeRank({ sequence: 2 })] })
        .told()
        .at(-1),
    ).toBe("resume.completed");
  });

  test("on standby, memory is given back by release", () => {
    const story = new Story(runningJob())
      .pause(100, { method: "standby" })
      .see(101, { ranks: [makeRank({ state: "standby", sequence: 1 })] });
    story.did();
    story.pause(110);
    expect(story.did()).toEqual(["control release"]);
    expect(story.see(112, { exit: exitCode(75), ...save(3, 111) }).state).toBe("paused");
  });
});
