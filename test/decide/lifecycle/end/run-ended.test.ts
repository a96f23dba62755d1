import { describe, expect, test } from "vitest";
import type { Seen } from "../../../../src/model/seen.ts";
import { at, exitCode, makeCheckpoint, makeJob, makeRank, makeSeen, runningJob, Story } from "../../make.ts";

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

  test("a job that counts no steps is at work once it says so", () => {
    const story = new Story(makeJob()).launch(0).see(1, { ranks: [makeRank({ state: "ready" })] });
    story.see(4, { ranks: [makeRank({ state: "running" })] });
    expect(story.job.learned.reloadMs).toBe(4000);
  });

  test("loading is measured until the first new step, work from then on", () => {
    const story = new Story(makeJob()).launch(0).see(1, { ranks: [makeRank({ state: "ready" })] });
    story.see(8, { ranks: [makeRank({ step: 1 })] }).see(68, { ranks: [makeRank({ step: 61 })] });
    expect(story.job.learned.reloadMs).toBe(8000);
    expect(story.pause(68).job.balance.productiveMs).toBe(60_000);
  });
});

describe("a rank that dies", () => {
  const ranks = [makeRank({ rank: 0, worldSize: 2 }), makeRank({ rank: 1, worldSize: 2, pid: 4712 })];
  const running = (spec: Parameters<typeof runningJob>[0] = {}) => {
    const story = new Story(runningJob(spec));
    story.see(10, { ranks }).told();
    return story;
  };

  test("is told once; the others may end by themselves, else the run is ended after a minute", () => {
    const story = running();
    for (const second of [11, 12, 70]) story.see(second, { ranks, ranksGone: [1] });
    expect([story.told(), story.reasons.at(-1)]).toEqual([
      ["job.stalled"],
      expect.stringContaining("Rank 1 (pid 4712) has died"),
    ]);
    expect(story.did()).not.toContain("terminate");
    for (const second of [71, 72]) story.see(second, { ranks, ranksGone: [1] });
    expect([story.told(), story.did()]).toEqual([["job.stalled"], ["terminate"]]);
    story.see(73, { ranks, exit: exitCode(143) });
    expect([story.state, story.told()]).toEqual(["waiting", ["job.failed"]]);
  });

  test("may be away for as long as the config says: some launchers take long to start it again", () => {
    const story = running({ restart: { deadRankSeconds: 300 } });
    for (const second of [11, 100, 310]) story.see(second, { ranks, ranksGone: [1] });
    expect(story.did()).not.toContain("terminate");
    expect(story.reasons.at(-1)).toContain("they have 5 min to notice");
    story.see(311, { ranks, ranksGone: [1] });
    expect(story.did()).toContain("terminate");
  });

  test("and is started again by its launcher is forgotten", () => {
    const story = running();
    story
      .see(11, { ranks, ranksGone: [1] })
      .see(12, { ranks })
      .see(100, { ranks, ranksGone: [1] });
    expect(story.did()).not.toContain("terminate");
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

describe("an exit that nobody asked for", () => {
  test("0 is finished", () => {
    const story = new Story(runningJob()).see(5, { exit: exitCode(0) });
    expect([story.state, story.told(), story.did()]).toEqual(["finished", ["job.finished"], ["tidy"]]);
  });

  test.each([
    [127, "command not found"],
    [126, "not executable"],
    [1, "exit code 1"],
  ])("%i says what it means", (code, words) => {
    expect(new Story(runningJob()).see(5, { exit: exitCode(code) }).reasons[0]).toContain(words);
  });

  test("failures in a row wait twice as long each time, and end in failed", () => {
    const story = new Story(makeJob({ restart: { maxRetries: 3, backoffSeconds: 10 } }));
    const waits: number[] = [];
    for (let run = 0; run < 4; run += 1) {
      story.launch(run * 100).see(run * 100 + 1, { exit: exitCode(1) });
      waits.push((story.job.attempts.notBeforeMs - at(run * 100 + 1).monotonicMs) / 1000);
    }
    expect(waits.slice(0, 3)).toEqual([10, 20, 40]);
    expect(story.job.state).toMatchObject({ name: "failed", exitCode: 1 });
  });

  test("a new checkpoint is progress: the count begins again", () => {
    const story = new Story(makeJob({ restart: { maxRetries: 2 } }));
    for (let run = 0; run < 6; run += 1)
      story.launch(run * 100).see(run * 100 + 9, { exit: exitCode(1), ...save(run + 1, run * 100 + 5) });
    expect([story.state, story.job.attempts.failures]).toEqual(["waiting", 1]);
  });

  test("onFailure: false is left failed at once", () => {
    expect(new Story(runningJob({ restart: { onFailure: false } })).see(5, { exit: exitCode(1) }).state).toBe(
      "failed",
    );
  });

  test("unknown is lost: never finished, tried again from the newest checkpoint", () => {
    const story = new Story(runningJob()).see(5, { exit: { known: false }, ...save(3, 2) });
    expect([story.state, story.told()]).toEqual(["waiting", ["checkpoint.verified", "job.lost"]]);
  });

  test("75 with a new checkpoint is a pause by the job, which may go on at once", () => {
    const story = new Story(runningJob()).see(5, { exit: exitCode(75), ...save(3, 4) });
    expect(story.job).toMatchObject({
      state: { name: "paused", cause: { actor: "job" } },
      attempts: { notBeforeMs: 0 },
    });
  });

  test("75 three times without progress is failed", () => {
    const story = new Story(makeJob());
    for (const run of [1, 2, 3]) story.launch(run * 100).see(run * 100 + 1, { exit: exitCode(75) });
    expect(story.job.state).toMatchObject({ name: "failed", exitCode: 75 });
    expect(story.told()).toContain("job.failed");
  });

  test("a first process that leaves others behind is over when they are", () => {
    const left = { exit: exitCode(0), leftovers: [{ pid: 7, command: "worker" }] };
    const story = new Story(runningJob()).see(5, left).see(6, left);
    expect([story.state, story.told()]).toEqual(["running", ["job.stalled"]]);
    expect(story.see(7, { exit: exitCode(0) }).state).toBe("finished");
  });

  test("a frozen job can die too", () => {
    const story = new Story(runningJob()).pause(1, { method: "freeze" }).see(2, { stopped: true });
    expect(story.see(3, { exit: { known: true, code: 137, signal: "SIGKILL" } }).state).toBe("waiting");
  });
});

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
});

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

describe("a cancel", () => {
  test("of a job without processes is done at once, of an ended one nothing", () => {
    const story = new Story(makeJob()).on(1, { kind: "cancel", by: "ana" });
    expect([story.state, story.told()]).toEqual(["cancelled", ["job.cancelled"]]);
    expect(story.on(2, { kind: "cancel", by: "ana" }).told()).toEqual([]);
  });

  test("ends a live one by SIGTERM, by SIGKILL after 10 s, and is done when it is gone", () => {
    const story = new Story(runningJob()).on(10, { kind: "cancel", by: "ana" });
    expect([story.state, story.did()]).toEqual(["running", ["terminate"]]);
    story.see(19);
    expect(story.did()).toEqual([]);
    story.see(20).see(21);
    expect(story.did()).toEqual(["kill"]);
    story.see(22, { exit: { known: true, code: 137, signal: "SIGKILL" } });
    expect([story.state, story.job.cancelling]).toEqual(["cancelled", undefined]);
  });

  test("ends what its first process leaves behind, and outlives a reboot and a launch that failed", () => {
    const left = { exit: exitCode(143), leftovers: [{ pid: 7, command: "worker" }] };
    const story = new Story(runningJob()).on(1, { kind: "cancel", by: "ana" }).see(2, left);
    expect(story.see(12, left).did()).toContain("kill");
    const rebooted = new Story(runningJob()).on(1, { kind: "cancel", by: "ana" });
    rebooted.on(2, { kind: "recovered", bootId: "another boot" }).see(3, { exit: { known: false } });
    expect(rebooted.state).toBe("cancelled");
    const starting = new Story(makeJob()).launch(0).on(1, { kind: "cancel", by: "ana" });
    expect(starting.on(2, { kind: "launch-failed", reason: "x" }).state).toBe("cancelled");
  });

  test("wins over a pause under way", () => {
    const story = new Story(runningJob()).pause(1).on(2, { kind: "cancel", by: "ana" });
    expect(story.see(3, { exit: exitCode(75), ...save(3, 2) }).state).toBe("cancelled");
  });

  test("that the job survives until it has finished leaves it cancelled, not failed", () => {
    const story = new Story(runningJob())
      .on(1, { kind: "cancel", by: "ana" })
      .see(2, { exit: exitCode(143) });
    expect([story.state, story.told().includes("job.failed")]).toEqual(["cancelled", false]);
  });
});

test("a second chance takes a failed job back to waiting, and leaves any other alone", () => {
  const failed = new Story(runningJob({ restart: { onFailure: false } })).see(5, { exit: exitCode(1) });
  expect(failed.on(6, { kind: "retry", by: "ana" }).state).toBe("waiting");
  expect(new Story(runningJob()).on(6, { kind: "retry", by: "ana" }).state).toBe("running");
});

describe("a combination without meaning is a bug that names job, state and input", () => {
  test.each([
    ["launch", () => new Story(runningJob()).launch(1)],
    ["seen", () => new Story(makeJob()).see(1)],
    ["pause", () => new Story(makeJob()).pause(1)],
    ["pause", () => new Story(runningJob()).pause(1).pause(2)],
  ])("%s", (input, act) => expect(act).toThrow(new RegExp(`job 'tts' in state '\\w+' got '${input}`)));
});
