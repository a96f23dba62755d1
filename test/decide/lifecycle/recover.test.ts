/** Covers: src/decide/recover-jobs.ts */
import { describe, expect, test } from "vitest";
import { arrivals, recoverJobs } from "../../../src/decide/recover-jobs.ts";
import type { Job } from "../../../src/model/job.ts";
import { at, exitCode, makeCheckpoint, makeJob, makeRank, makeRun, runningJob, Story } from "../make.ts";

const save = (step: number, second: number) => ({ checkpoints: [makeCheckpoint(step, at(second))] });
const back = (story: Story, second: number, rebooted = false) =>
  story.on(second, { kind: "recovered", bootId: rebooted ? "another boot" : "b" });

test("where a run on GPUs was, and since when, outlives it and this supervisor, but not the boot", () => {
  const on = (name: string, startTime: number, gpus: string[]): Job => {
    const run = makeRun({ gpus, startTime });
    const story = new Story(runningJob({ name }, { state: { name: "running", since: at(0), run } }));
    return story.see(5, { exit: exitCode(0), startTime }).job;
  };
  const jobs = { a: on("a", 700, ["GPU-0", "GPU-1"]), b: on("b", 900, ["GPU-1"]), c: on("c", 950, []) };
  expect([...arrivals(jobs, "b")]).toEqual([
    ["GPU-0", 700],
    ["GPU-1", 900],
  ]);
  expect(arrivals(jobs, "another boot").size).toBe(0);
});

describe("after the supervisor was away", () => {
  test("a live run is lost until it is seen, then as it was", () => {
    const story = back(new Story(runningJob()), 50);
    expect([story.state, story.told(), story.did()]).toEqual(["lost", [], []]);
    expect(story.see(51, { ranks: [makeRank({ step: 9 })] }).state).toBe("running");
  });

  test("one that ended meanwhile ends as its record says", () => {
    expect(back(new Story(runningJob()), 50).see(51, { exit: exitCode(0) }).state).toBe("finished");
    expect(back(new Story(runningJob()), 50).see(51, { exit: exitCode(1) }).state).toBe("waiting");
    expect(
      back(new Story(runningJob()), 50)
        .see(51, { exit: { known: false } })
        .told(),
    ).toContain("job.lost");
  });

  test("a pause under way goes on: the word is written and rung again, and it completes once", () => {
    const story = back(new Story(runningJob()).pause(40), 50);
    story.did();
    story.see(51, { ranks: [makeRank({ step: 5 })] });
    expect([story.state, story.did()]).toEqual(["pausing", ["control pause", "ring"]]);
    story.see(55, {
      exit: exitCode(75),
      ranks: [makeRank({ step: 6, state: "paused", sequence: 1 })],
      ...save(6, 54),
    });
    expect([story.state, story.told().filter((kind) => kind === "pause.completed")]).toEqual([
      "paused",
      ["pause.completed"],
    ]);
  });

  test("a program without a library isn't signalled a second time: it may be saving", () => {
    const story = back(
      new Story(runningJob({ pause: { signal: "SIGINT" } }, { understands: "signal" })).pause(40),
      50,
    );
    story.did();
    expect(story.see(51, { signalCaught: true }).see(90, { signalCaught: true }).did()).toEqual([]);
  });

  test("a pause that completed meanwhile is completed now", () => {
    const story = back(new Story(runningJob()).pause(40), 50);
    story.see(51, {
      exit: exitCode(75),
      ranks: [makeRank({ step: 6, state: "paused", sequence: 1 })],
      ...save(6, 45),
    });
    expect([story.state, story.told().at(-1)]).toEqual(["paused", "pause.completed"]);
  });

  test("a live run that the database doesn't know is taken back: seen like any other, thawed, and numbered on", () => {
    const run = { ...makeRun(), number: 4, resuming: { since: at(1), polite: true } };
    const story = new Story(makeJob()).on(50, { kind: "taken-back", run });
    expect([story.state, story.told(), story.did()]).toEqual(["lost", ["supervisor.recovered"], ["thaw"]]);
    story.see(51, { ranks: [makeRank({ step: 9 })] });
    expect([story.state, story.told()]).toEqual(["running", []]);
    story.see(52, { exit: exitCode(1) }).launch(100);
    expect(story.job.state).toMatchObject({ name: "starting", run: { number: 5 } });
  });

  test("a frozen job stays frozen, on standby it stays so", () => {
    const frozen = new Story(runningJob()).pause(1, { method: "freeze" }).see(2, { stopped: true });
    expect(back(frozen, 50).see(51, { stopped: true }).state).toBe("frozen");
    const standby = new Story(runningJob())
      .pause(1, { method: "standby" })
      .see(2, { ranks: [makeRank({ state: "standby", sequence: 1 })] });
    expect(back(standby, 50).see(51, { ranks: [makeRank({ state: "standby", sequence: 1 })] }).state).toBe(
      "standby",
    );
  });

  test("one that was never launched is tried again, not waited for for ever", () => {
    const story = back(new Story(makeJob()).launch(49), 50);
    story.see(51, { pid: null, alive: false });
    expect(story.state).toBe("lost");
    expect(story.see(90, { pid: null, alive: false }).state).toBe("waiting");
  });

  test("twice in a row changes nothing", () => {
    const story = back(back(new Story(runningJob()).pause(40), 50), 60);
    expect(story.see(61).state).toBe("pausing");
  });
});

describe("after a reboot", () => {
  const steps = { progress: { step: 51_900 } as never, checkpoint: makeCheckpoint(51_620, at(-60)) };

  test("what ran is paused by it, with the steps to be redone", () => {
    const story = back(new Story(runningJob({}, steps)), 5, true).see(6, {
      alive: false,
      exit: { known: false },
      ...save(51_620, -60),
    });
    expect(story.job.state).toMatchObject({ name: "paused", cause: { actor: "recovery" } });
    expect(story.told()).toEqual(["job.lost"]);
    expect(story.reasons.at(-1)).toMatch(
      /run 1 ended with it at step 51,900; it goes on from step 51,620: 280 steps to be redone/,
    );
  });

  test("the time to be redone is said, too", () => {
    const progress = { step: 51_900, stepMs: 2_800 } as never;
    const checkpoint = makeCheckpoint(51_620, at(-776));
    const story = back(new Story(runningJob({}, { checkpoint, progress })), 5, true).see(6, {
      alive: false,
      exit: { known: false },
      ...save(51_620, -776),
    });
    expect(story.reasons.at(-1)).toMatch(
      /280 steps to be redone \(about 13 min; its checkpoint is of \d\d:\d\d\)/,
    );
  });

  test("the reboot itself is told once, first, with what ended with it; none without a run of another boot", () => {
    const run = { ...makeRun(), number: 7, bootId: "before" };
    const live = (name: string, facts: object) =>
      makeJob({ name }, { state: { name: "running", since: at(0), run: { ...run, ...facts } } });
    const jobs = {
      train: live("train", {}),
      tts: live("tts", { number: 2 }),
      idle: makeJob({ name: "idle" }),
    };
    const now = { wallMs: at(5).wallMs, monotonicMs: 120_000 };
    const [first, ...rest] = recoverJobs(jobs, "now", now).events;
    expect(first).toMatchObject({ kind: "machine.rebooted", job: null, actor: "recovery" });
    expect(first?.reason).toMatch(/rebooted at .*\d\d:\d\d.*: train \(run 7\), tts \(run 2\) ended with it/);
    expect(rest.map(({ kind }) => kind)).toEqual(["supervisor.recovered"]);
    expect(recoverJobs(jobs, "before", now).events.map(({ kind }) => kind)).toEqual(["supervisor.recovered"]);
  });

  test("a newer checkpoint than was known counts", () => {
    const story = back(new Story(runningJob({}, steps)), 5, true).see(6, {
      alive: false,
      exit: null,
      ...save(51_800, -10),
    });
    expect(story.reasons.at(-1)).toMatch(/100 steps/);
  });

  test("what had ended before ends as its record says", () => {
    expect(back(new Story(runningJob()), 5, true).see(6, { exit: exitCode(0) }).state).toBe("finished");
  });

  test("monotonic times begin anew, on the same wall time", () => {
    const paused = new Story(runningJob()).pause(100).see(101, { exit: exitCode(75), ...save(6, 101) });
    const now = { wallMs: at(500).wallMs, monotonicMs: 3000 };
    expect(new Story(paused.job).at(now, { kind: "recovered", bootId: "b" }).job.state.since).toEqual(
      at(101),
    );
    const rebooted = new Story(paused.job).at(now, { kind: "recovered", bootId: "another boot" });
    expect(rebooted.job.state.since).toEqual({ wallMs: at(101).wallMs, monotonicMs: 3000 - 399_000 });
  });
});
