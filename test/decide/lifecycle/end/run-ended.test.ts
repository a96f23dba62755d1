/** Covers: src/decide/lifecycle/end/never-begun.ts, src/decide/lifecycle/end/leave-run.ts, src/decide/lifecycle/ranks.ts, src/model/seen.ts */
import { describe, expect, test } from "vitest";
import { mayGoOn } from "../../../../src/decide/lifecycle/launch.ts";
import { at, exitCode, makeCheckpoint, makeJob, makeRank, runningJob, Story } from "../../make.ts";

const save = (step: number, second: number) => ({ checkpoints: [makeCheckpoint(step, at(second))] });

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

describe("an exit that nobody asked for", () => {
  test("0 is finished", () => {
    const story = new Story(runningJob()).see(5, { exit: exitCode(0) });
    expect([story.state, story.told(), story.did()]).toEqual(["finished", ["job.finished"], ["tidy"]]);
  });

  test("0 of a run that reported that it has failed is doubted, and can be gone on from", () => {
    const failed = { exit: exitCode(0), ranks: [makeRank({ state: "failed", step: 5 })] };
    const story = new Story(runningJob()).see(5, failed);
    const doubt =
      "It ended at step 5 with exit code 0. That counts as finished, though it reported that it has failed.";
    expect([story.job.state, mayGoOn(story.job)]).toMatchObject([{ name: "finished", assumed: doubt }, true]);
  });

  test.each([
    [127, "command not found"],
    [126, "not executable"],
    [1, "exit code 1"],
  ])("%i says what it means", (code, words) => {
    expect(new Story(runningJob()).see(5, { exit: exitCode(code) }).reasons[0]).toContain(words);
  });

  describe("127 before its first step is no passing failure", () => {
    const absent =
      /command not found before its first step\. It stays failed as its command has never run\.$/;
    const notFound = (story: Story, second: number) =>
      story.launch(second).see(second + 1, { ranks: [makeRank({ state: "ready" })], exit: exitCode(127) });

    test.each([{ taken: true }, { unready: true }, {}] as const)(
      "of the first run, also after launches that began nothing: %j",
      (how) => {
        const story = new Story(makeJob());
        for (const second of [100, 200])
          story.launch(second).on(second + 1, { kind: "launch-failed", reason: "no chance", ...how });
        notFound(story, 300);
        expect([story.state, story.reasons.at(-1)]).toEqual(["failed", expect.stringMatching(absent)]);
        // Mended by a person, or so they think.
        notFound(story.on(400, { kind: "retry", by: "ana" }), 500);
        expect([story.state, story.reasons.at(-1)]).toEqual(["failed", expect.stringMatching(absent)]);
      },
    );

    test("once a run has begun, it may be: it is tried again", () => {
      const story = new Story(makeJob()).launch(100).see(101, { exit: exitCode(1) });
      story.launch(200).on(201, { kind: "launch-failed", reason: "no chance" });
      expect(notFound(story, 300).state).toBe("waiting");
    });

    test("of a run that has trained, it says nothing of its command", () => {
      const story = new Story(makeJob()).launch(100).see(101, { ranks: [makeRank({ step: 1 })] });
      story.see(102, { ranks: [makeRank({ step: 1 })], exit: exitCode(127) });
      expect([story.state, story.reasons.at(-1)]).toEqual(["waiting", expect.not.stringContaining("never")]);
    });
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
